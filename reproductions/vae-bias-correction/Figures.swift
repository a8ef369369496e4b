import Reporting
import Reproduction
import ResultStore

/// When the paper looks at the loss.
let horizons = [10, 100]

/// The stepsizes that are run to the last horizon: those of the paper's chart there, between which all of
/// its minima lie.
let longAlphas = 2.9e-5...1.1e-2

/// The paper's name of the curve of one panel and variant.
func paperCurve(_ horizon: Int, beta1: Double, beta2: Double, _ variant: String) -> String {
  "\(horizon) epochs, beta1=\(NumberText.exact(beta1)), beta2=\(NumberText.exact(beta2)), \(variant)"
}

/// The paper's layout: one panel for each beta1 and beta2 after 10 and after 100 epochs, as far as
/// they are run; shorter runs are shown at their end.
let biasCorrectionFigures: @Sendable (SweepExtent) -> [Figure] = { extent in
  let reached = horizons.filter { $0 <= extent.epochs }
  let panels = (reached.isEmpty ? [extent.epochs] : reached).flatMap { horizon in
    extent.values(of: beta1Axis).flatMap { beta1 in
      extent.values(of: beta2Axis).map { beta2 in
        panel(after: horizon, beta1: beta1, beta2: beta2)
      }
    }
  }
  return [
    Figure(
      "fig4", "Effect of bias correction on the variational auto-encoder", place: "Figure 4",
      caption: "Loss against the stepsize. The nearer beta2 is to 1, the smaller is the stepsize "
        + "at which losses without correction leave the frame; those with it do so at larger ones in most panels. At small stepsizes "
        + "the uncorrected runs are ahead: their first steps are larger.",
      columns: extent.values(of: beta2Axis).count, panels: panels)
  ]
}

private func panel(after horizon: Int, beta1: Double, beta2: Double) -> Figure.Panel {
  let epochs = horizon == 1 ? "1 epoch" : "\(horizon) epochs"
  return Figure.Panel(
    "\(epochs), beta1 = \(NumberText.exact(beta1)), beta2 = \(NumberText.exact(beta2))",
    x: .linear("log10(alpha)", -5 ... -1, ticks: [-5, -4, -3, -2, -1]),
    y: horizons.contains(horizon)
      ? .linear("loss", 95...140, ticks: [100, 120, 140]) : .linear("loss"),
    select: [
      beta1Axis.name: NumberText.exact(beta1), beta2Axis.name: NumberText.exact(beta2),
      "epoch": "\(horizon)",
    ],
    lines: zip(SweepLosses.variants, [.red, .green] as [Figure.Colour]).map { variant, colour in
      Figure.Line(
        variant, colour, variable: Measure.loss.name, along: alphaAxis.name,
        select: [sweptVariants.axis: variant],
        paper: paperCurve(horizon, beta1: beta1, beta2: beta2, variant))
    })
}
