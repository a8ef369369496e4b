import Reproduction

/// What the paper leaves open about the network and its images. Four passes tell the
/// alternatives apart; they take hours, so that the profile `paper` alone measures them. Fourier
/// transforms do not serve the images of 15x15 pixels that poolings inside the image leave.
let openQuestions = [
  question(
    "initial weights",
    taken: "He normal in the arm tuned, deviations 1e-4, He, He, He, 1e-4 in fitted",
    .init("Glorot", settings: [initialisation.at(.word(.glorot))]),
    .init("He normal", settings: [initialisation.at(.word(.he))]),
    .init("N(0, 0.01^2)", settings: [initialisation.at(.word(.normal))]),
    .init(
      "the first convolution alone tiny",
      settings: [initialisation.at(.numbers([1e-4, -1, -1, -1, -1]))])),
  question(
    "kind of whitening",
    taken:
      "ZCA with epsilon 0.01 in the arm tuned, each image's contrast, then ZCA with 0.1 in fitted",
    .init("each pixel standardised", settings: [whitening.at(.standardize)]),
    .init("ZCA with epsilon 0.01", settings: [whitening.at(.zca), zcaEpsilon.at(0.01)]),
    .init("none", settings: [whitening.at(.none)])),
  OpenQuestion(
    "Adam's epsilon", of: "Adam", arm: .fitted,
    taken: "1e-8, as stated, in the arm tuned, 0.0125 in fitted", figure: "fig3_right",
    profiles: [.paper], passes: 4,
    alternatives: [.init("1e-8", hyperparameters: ["epsilon": 1e-8])]),
  question(
    "border of the poolings", taken: "windows may stick out",
    .init("ceiling", settings: [pooling.at(.ceiling)]),
    .init("valid", settings: [pooling.at(.valid), convolution.at(.direct)])),
]

private func question(
  _ question: String, taken: String, _ alternatives: OpenQuestion.Alternative...
) -> OpenQuestion {
  OpenQuestion(
    question, of: "Adam", arm: .fitted, taken: taken, figure: "fig3_right", profiles: [.paper],
    passes: 4, against: ["SGDNesterov"],
    alternatives: alternatives)
}
