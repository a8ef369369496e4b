import Datasets
import Foundation

extension DataSource where Data == ImageData {
  /// Images after the preprocessing that the settings `whitening` and `zca-epsilon` say, which is
  /// estimated on the training images alone; a whitening matrix is kept for the next time.
  public static func preprocessedImages(_ name: DatasetName) -> DataSource {
    let images = DataSource.images(name)
    return DataSource(
      dataset: name, settingNames: ["whitening", "zca-epsilon"],
      trainingCount: images.trainingCount
    ) { resources, settings in
      let kind = ImagePreprocessing(settings)
      let (result, report) = try images.load(resources, settings)
        .preprocessed(kind, cacheFolder: resources.cacheFolder)
      if let text = report.text(for: kind) { resources.tell(text) }
      return result
    }
  }
}

extension ImagePreprocessing {
  /// The settings of `preprocessedImages`.
  ///
  /// - Parameter epsilon: what ZCA adds to the eigenvalues of the covariance of pixels in 0...1.
  public static func settings(epsilon: Double) -> [Setting] {
    [
      Setting(
        "whitening", "zca", oneOf: ["zca", "standardize", "contrast-zca", "none"],
        "what is done to the images"),
      Setting(
        "zca-epsilon", epsilon, in: 1e-9...10, "added to the eigenvalues of the covariance by zca"),
    ]
  }

  init(_ settings: Settings) {
    let epsilon = settings.number("zca-epsilon")
    switch settings.text("whitening") {
    case "zca": self = .zca(epsilon: epsilon)
    case "contrast-zca": self = .contrastZCA(epsilon: epsilon)
    case "standardize": self = .standardize
    default: self = .none
    }
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
