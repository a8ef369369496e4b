import Datasets
import Foundation

extension DataSource where Data == ImageData {
  /// Images after the preprocessing that the settings `whitening` and `zcaEpsilon` say, which is
  /// estimated on the training images alone; a whitening matrix is kept for the next time.
  public static func preprocessedImages(_ name: DatasetName) -> DataSource {
    let images = DataSource.images(name)
    let (whitening, epsilon) = (Setting.whitening, Setting.zcaEpsilon())
    return DataSource(
      dataset: name, shapedBy: [whitening, epsilon], trainingCount: images.trainingCount
    ) { resources, settings in
      let kind = settings[whitening].preprocessing(epsilon: settings[epsilon])
      let loaded = try images.load(resources, settings)
      let (result, report) = try loaded.preprocessed(
        kind, cacheFolder: resources.cacheFolder,
        only: resources.wanted?.examples(of: loaded.training.count))
      if let text = report.text(for: kind) { resources.tell(text) }
      return result
    }
  }
}

/// What is done to images before they are trained on.
public enum Whitening: String, Sendable, CaseIterable {
  /// Zero-phase component analysis.
  case zca
  /// Each pixel with mean 0 and deviation 1.
  case standardize
  /// Each image with the same contrast, then `zca`.
  case contrastZCA = "contrast-zca"
  /// Nothing.
  case none

  func preprocessing(epsilon: Double) -> ImagePreprocessing {
    switch self {
    case .zca: .zca(epsilon: epsilon)
    case .contrastZCA: .contrastZCA(epsilon: epsilon)
    case .standardize: .standardize
    case .none: .none
    }
  }
}

extension AnySetting where Self == Setting<Whitening> {
  /// What is done to the images of `DataSource.preprocessedImages`.
  public static var whitening: Self {
    Setting("whitening", Whitening.zca, "what is done to the images")
  }
}

extension AnySetting where Self == Setting<Double> {
  /// What ZCA adds to the eigenvalues of the covariance of pixels in 0...1.
  public static func zcaEpsilon(_ standard: Double = 0.01) -> Self {
    Setting(
      "zca-epsilon", standard, in: 1e-9...10, "added to the eigenvalues of the covariance by zca")
  }
}

extension PreprocessingReport {
  /// What the user is told; `nil` if it took less than a second and nothing was amiss.
  func text(for kind: ImagePreprocessing) -> String? {
    var parts: [String] = []
    switch cache.outcome {
    case .read: parts.append("matrix from \(cache.path ?? "")")
    case .unused, .written, .notWritten:
      if covarianceSeconds + eigenproblemSeconds > 0 {
        parts.append(
          "covariance \(clockText(covarianceSeconds)), "
            + "eigenproblem \(clockText(eigenproblemSeconds))")
      }
    }
    if let rejected = cache.rejected { parts.append("computed anew since \(rejected)") }
    if case .notWritten(let reason) = cache.outcome { parts.append("not kept: \(reason)") }
    let isQuick = covarianceSeconds + eigenproblemSeconds + applicationSeconds < 1
    if isQuick && cache.rejected == nil { return nil }
    if let eigenvalues {
      parts.append(String(format: "eigenvalues %.2g to %.3g", eigenvalues.least, eigenvalues.most))
    }
    parts.append("images \(clockText(applicationSeconds))")
    parts.append("\(peakResidentBytes >> 20) MB at most so far")
    return "\(kind): " + parts.joined(separator: ", ")
  }
}
