import Reproduction

/// What the paper leaves open about the network and its images. Four passes tell the
/// alternatives apart; they take hours, so that the profile `paper` alone measures them. Fourier
/// transforms do not serve the images of 15x15 pixels that poolings inside the image leave.
let openQuestions = [
  question(
    "initial weights", taken: "He normal in the arm tuned, N(0, 0.01^2) in published",
    .init("Glorot", settings: ["initialisation": "glorot"]),
    .init("He normal", settings: ["initialisation": "he"])),
  question(
    "kind of whitening", taken: "ZCA",
    .init("each pixel standardised", settings: ["whitening": "standardize"]),
    .init("each image's contrast, then ZCA", settings: ["whitening": "contrast-zca"]),
    .init("none", settings: ["whitening": "none"])),
  question(
    "border of the poolings", taken: "windows may stick out",
    .init("ceiling", settings: ["pooling": "ceiling"]),
    .init("valid", settings: ["pooling": "valid", "convolution": "direct"])),
]

private func question(
  _ question: String, taken: String, _ alternatives: OpenQuestion.Alternative...
) -> OpenQuestion {
  OpenQuestion(
    question, of: "Adam", arm: .fitted, taken: taken, figure: "fig3_right", profiles: [.paper],
    passes: 4,
    alternatives: alternatives)
}
