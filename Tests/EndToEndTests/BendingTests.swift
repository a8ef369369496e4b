import Foundation
import ResultStore
import Storage
import TestSupport
import Testing

/// Experiments with settings, optimizers and data of one's own.
@Suite struct BendingTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private static let short = [
    "--profile", "smoke", "--epochs", "1", "--minibatch", "1000", "--jobs", "1", "--optimizers",
    "adam",
  ]

  private func run(
    _ arguments: [String], of experiment: String = "mnist-logistic", to file: String = "r.h5"
  ) throws -> Program.Outcome {
    try Program(experiment).run(Self.short + arguments + ["--output", folder / file])
  }

  // MARK: Results

  @Test func `a run of one's own ends in a table, its file, and a line instead of verdicts`() throws
  {
    let outcome = try run(["--alpha", "3e-4", "--seeds", "0,1"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.hasPrefix("optimizer") && $0.contains("test error %") })
    let row = try #require(lines.first { $0.hasPrefix("Adam ") })
    #expect(row.contains("alpha=0.0003") && row.contains(" ±") && !row.contains("beta1"))
    #expect(lines.last == folder / "r.h5")
    #expect(lines.filter { $0.contains("no verdicts: generated data") }.count == 1)
    #expect(!outcome.output.contains("not run"))
    // The same command tells it again.
    #expect(try run(["--alpha", "3e-4", "--seeds", "0,1"]).output.contains(row))
  }

  @Test func `arms are kept side by side, under labels that say what differs`() throws {
    #expect(try run(["--alpha", "3e-4"]).status == 0)
    #expect(try run(["--alpha", "1e-3", "--seeds", "0"]).status == 0)
    #expect(
      try run(["--alpha", "1e-3", "--seeds", "1", "--label", "mine", "--epochs", "2"]).status == 0)
    #expect(try run(["--alpha", "1e-3", "--seeds", "2"]).status == 0)
    let view = try ResultFile.read(folder / "r.h5").view
    #expect(
      try view.labels("arm") == [
        "alpha=0.0003 minibatch=1000 epochs=1", "alpha=0.001 minibatch=1000 epochs=1", "mine",
      ])
    #expect(try view.labels("seed") == ["0", "1", "2"])
    #expect(try view.labels("epoch") == ["0", "1", "2"])
    let errors = try view.array(
      "test_error", ["arm": "alpha=0.001 minibatch=1000 epochs=1", "optimizer": "Adam"])
    #expect(
      errors.values.map { $0.isNaN } == [
        false, false, true, true, true, true, false, false, true,
      ])
    #expect(try view.array("minibatch", ["arm": "mine"]).values == [1000])
    #expect(
      try ResultFile.read(folder / "r.h5").root.text("own_settings")?
        .hasSuffix("; mine: alpha=0.001 minibatch=1000") == true)
    let mine = try view.array("test_error", ["arm": "mine", "optimizer": "Adam", "seed": "1"])
    #expect(mine.values.allSatisfy { $0.isFinite })
  }

  @Test func `a label that is taken by other settings is refused, and fresh forgets it`() throws {
    #expect(try run(["--alpha", "3e-4", "--label", "a"]).status == 0)
    expectOneLine(
      try run(["--alpha", "1e-3", "--label", "a"]), status: 64, "the label \"a\" is taken",
      "--label")
    #expect(try run(["--alpha", "1e-3", "--label", "a", "--fresh"]).status == 0)
    expectOneLine(try run(["--label", "tuned"]), status: 64, "--label takes")
  }

  @Test func `declared runs and those of one's own do not take each other's file`() throws {
    let declared = ["--profile", "smoke", "--jobs", "1", "--optimizers", "adam"]
    func make(_ arguments: [String], to file: String) throws -> Program.Outcome {
      try Program("mnist-logistic").run(declared + arguments + ["--output", folder / file])
    }
    #expect(try make([], to: "declared.h5").status == 0)
    #expect(try make(["--alpha", "1e-3"], to: "own.h5").status == 0)
    let files = try ["declared.h5", "own.h5"].map { try FileContents.read(folder / $0) }
    expectOneLine(
      try make(["--alpha", "1e-3", "--fresh"], to: "declared.h5"), status: 73,
      "declared.h5 has the declared runs", "choose another --output")
    expectOneLine(
      try make([], to: "own.h5"), status: 73, "own.h5 has runs with settings of your own",
      "choose another --output")
    #expect(
      try files == ["declared.h5", "own.h5"].map { try FileContents.read(folder / $0) })
    #expect(try ResultFile.read(folder / "declared.h5").root.text("own_settings") == nil)
    // What was made for it is there still.
    #expect(try make(["--list"], to: "declared.h5").output.contains("\n0 of "))
  }

  @Test
  func `runs of one's own never have verdicts, and keep the threads that they were made with`()
    throws
  {
    func make(_ arguments: [String], to file: String) throws -> Program.Outcome {
      try Program(file.split(separator: ".").first.map(String.init) ?? "").run(
        ["--profile", "smoke", "--jobs", "1"] + arguments + ["--output", folder / file])
    }
    let regret = try make(["--seeds", "0", "--horizon", "100"], to: "regret.h5")
    #expect(regret.status == 0 && regret.output.contains("no verdicts"))
    #expect(try verdicts(of: folder / "regret.h5") == [])
    // Judged again as if the data were real.
    var document = try ResultFile.read(folder / "regret.h5")
    document.root.attributes.removeAll { $0.name == "data_origin" }
    document.root.attributes.append(Attribute("data_origin", "official"))
    try ResultFile.write(document, to: folder / "regret.h5")
    #expect(
      try make(["--seeds", "0", "--horizon", "100", "--rejudge"], to: "regret.h5").status == 0)
    #expect(try verdicts(of: folder / "regret.h5") == [])
    #expect(try run(["--alpha", "0.1", "--label", "one"]).status == 0)
    #expect(try run(["--alpha", "0.2", "--label", "two", "--threads", "2"]).status == 0)
    let view = try ResultFile.read(folder / "r.h5").view
    for arm in ["one", "two"] {
      #expect(try view.number("status", ["arm": arm, "optimizer": "Adam", "seed": "0"]) == 1)
    }
  }

  // MARK: Settings that contradict a name, or have no effect

  @Test func `an optimizer whose name says otherwise is left out, or refused by name`() throws {
    func list(_ experiment: String, _ arguments: String...) throws -> Program.Outcome {
      try Program(experiment).run(
        ["--profile", "smoke", "--list", "--seeds", "0", "--output", folder / "l.h5"] + arguments)
    }
    let noisy = try list("cifar-cnn", "--noise", "dropout")
    #expect(noisy.output.contains("Adam+dropout") && !noisy.output.contains(" Adam "))
    #expect(
      noisy.errors.contains(
        "left out, as these options do not go with them: AdaGrad (--noise), SGD"))
    // Another rate of dropout is dropout.
    let rate = try list("imdb-logistic", "--dropout", "0.3")
    #expect(rate.output.contains("Adam+dropout") && !rate.output.contains(" Adam "))
    expectOneLine(
      try list("adamax", "--model", "logistic", "--optimizers", "Adam, perceptron"), status: 64,
      of: "adamax", "--model does not go with \"Adam, perceptron\", which --optimizers names")
    #expect(
      try list("adamax", "--optimizers", "Adam, logistic regression,AdaMax, perceptron").output
        .hasSuffix("2 of 2 runs to do, ?\n"))
    let sums = try list("mnist-mlp-deterministic", "--minibatch", "7")
    #expect(!sums.output.contains(" SFO") && sums.errors.contains("SFO"))
    expectOneLine(
      try list("cifar-cnn", "--whitening", "none", "--zca-epsilon", "1"), status: 64,
      of: "cifar-cnn", "--zca-epsilon has no effect with --whitening none", "zca")
  }

  @Test func `what is given for an added optimizer comes before what is given for all`() throws {
    func identity(_ arguments: String...) throws -> Substring? {
      try Program("mnist-logistic").run(
        ["--profile", "smoke", "--list", "--seeds", "0", "--optimizers", "adam", "--output"]
          + [folder / "l.h5"] + arguments
      ).output.split(separator: "\n").first { $0.contains("adamw") }?.prefix(12)
    }
    let own = try identity("--add-optimizer", "adamw:l2=0.5", "--l2", "0.1")
    #expect(try own != nil && own == identity("--add-optimizer", "AdamW:l2=0.5"))
    #expect(try own != identity("--add-optimizer", "adamw", "--l2", "0.1"))
  }

  // MARK: Optimizers

  @Test func `optimizers of the registry stand beside those of the experiment`() throws {
    let outcome = try run([
      "--add-optimizer", "adamw:alpha=1e-3,weight-decay=0.01", "--add-optimizer", "nadam",
      "--optimizers", "adam,nadam", "--add-optimizer", "adam:alpha=0.01,schedule=alpha/sqrt(step)",
    ])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let view = try ResultFile.read(folder / "r.h5").view
    let arm = try #require(try view.labels("arm").first)
    #expect(
      try view.labels("optimizer").suffix(3) == [
        "adamw", "nadam", "adam alpha=0.01 schedule=alpha/sqrt(step)",
      ])
    for name in try view.labels("optimizer") where name != "AdaGrad" && name != "SGDNesterov" {
      #expect(
        try view.number("status", ["arm": arm, "optimizer": name, "seed": "0"]) == 1, "\(name)")
    }
    #expect(try view.number("weight_decay", ["arm": arm, "optimizer": "adamw"]) == 0.01)
    let figures = try ResultFile.read(folder / "r.h5").root.group("figures")
    let text = figures?.group("mnist-logistic-custom")?.text("description") ?? ""
    #expect(text.contains("\"name\":\"adamw\"") && !text.contains("\"paper\""))
  }

  @Test(arguments: [
    ("adamm", "unknown optimizer 'adamm' (did you mean adam?)"),
    ("adamw:wd=0.1", "adamw has no hyperparameter 'wd'"),
    ("adamw:alpha=-1", "alpha = -1.0 is out of range for adamw"),
    ("adamw:alpha=x", "alpha takes a number, not \"x\""),
    ("adamw:alpha", "is no key=value"),
    ("adam", "the name is taken"),
    ("sfo", "chooses itself what is evaluated"),
    ("adamw:alpha=1,alpha=2", "gives alpha twice"),
    ("adamw:l2=-1", "--add-optimizer adamw:l2=-1: --l2 takes"),
  ])
  func `optimizers that cannot be added are refused, and no file is written`(
    specification: String, words: String
  ) throws {
    expectOneLine(try run(["--add-optimizer", specification]), status: 64, words)
    #expect(folder.files == [])
  }

  // MARK: Widths

  @Test func `widths are settings that leave the declared runs as they are`() throws {
    func identities(_ arguments: [String]) throws -> [Substring] {
      let outcome = try Program("mnist-mlp").run(
        ["--profile", "smoke", "--list", "--output", folder / "r.h5"] + arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return outcome.output.split(separator: "\n").map { $0.prefix(12) }
    }
    #expect(try identities([]) == identities(["--hidden", "1000,1000"]))
    #expect(try identities(["--hidden", "30"]) != identities(["--hidden", "40"]))
    let outcome = try run(["--hidden", "30,20,10"], of: "mnist-mlp")
    #expect(outcome.status == 0, "\(outcome.errors)")
    let view = try ResultFile.read(folder / "r.h5").view
    let place = ["arm": try view.labels("arm")[0], "optimizer": "Adam"]
    #expect(try view.text("setting_hidden", place) == "30,20,10")
  }

  @Test(arguments: [
    ("0", "--hidden takes 1 to 16 widths"), ("1000,", "--hidden takes"), ("a", "--hidden takes"),
    ("10000000,10000000", "PB of memory a run at least, and this machine has"),
  ])
  func `widths that make no sense are refused at once`(widths: String, words: String) throws {
    expectOneLine(
      try run(["--hidden", widths], of: "mnist-mlp"), status: 64, of: "mnist-mlp", words)
  }

  // MARK: Data

  private func idx(_ images: Int, side: Int) -> (images: [UInt8], labels: [UInt8]) {
    func word(_ number: Int) -> [UInt8] {
      [
        UInt8(number >> 24 & 255), UInt8(number >> 16 & 255), UInt8(number >> 8 & 255),
        UInt8(number & 255),
      ]
    }
    let pixels = (0..<images * side * side).map { UInt8(truncatingIfNeeded: $0 * 7 + $0 / 784) }
    return (
      word(2051) + word(images) + word(side) + word(side) + pixels,
      word(2049) + word(images) + (0..<images).map { UInt8($0 % 10) }
    )
  }

  private func writeData(_ name: String, side: Int = 28) throws -> String {
    let (training, test) = (idx(1000, side: side), idx(200, side: side))
    try folder.write(training.images, to: "\(name)/pictures")
    try folder.write(training.labels, to: "\(name)/answers")
    try folder.write(test.images, to: "\(name)/pictures-test")
    try folder.write(test.labels, to: "\(name)/answers-test")
    return folder / name
  }

  @Test func `images of one's own take the place of the experiment's`() throws {
    let data = try writeData("own")
    let outcome = try run(["--data", data], to: "own.h5")
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(
      outcome.output.contains("no verdicts: the claims are about MNIST, these runs about images"))
    #expect(try attribute("data_name", of: folder / "own.h5") == "own-images")
    #expect(
      try attribute("other_data", of: folder / "own.h5") == "images in \(data) in place of MNIST")
    #expect(try verdicts(of: folder / "own.h5") == [])
    // One file is about one data set.
    expectOneLine(try run(["--alpha", "1"], to: "own.h5"), status: 64, "keeps runs on other data")
    expectOneLine(
      try run(["--data", data, "--paper-curves"], to: "p.h5"), status: 64, "--paper-curves")
  }

  @Test func `data that do not fit are refused in a line`() throws {
    let small = try writeData("small", side: 14)
    expectOneLine(try run(["--data", small]), status: 65, "the images are 14 x 14", "28 x 28")
    let some = try folder.write(idx(10, side: 28).images, to: "some/pictures")
    expectOneLine(
      try run(["--data", folder / "some"]), status: 65, "1 files of images and 0 of labels")
    expectOneLine(try run(["--data", some]), status: 65, "is no folder")
    expectOneLine(
      try run(["--data", "fashion-mnst"]), status: 64, "(did you mean fashion-mnist?)")
    expectOneLine(try run(["--data", "fashion-mnist", "--stand-in"]), status: 64, "--stand-in")
  }

  // MARK: For programs

  @Test func `tables, lists, status and claims are JSON where that is asked for`() throws {
    func json(_ arguments: [String]) throws -> Any {
      let outcome = try run(arguments)
      #expect(outcome.status == 0, "\(outcome.errors)")
      return try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    }
    let result = try #require(try json(["--alpha", "1e-3", "--json"]) as? [String: Any])
    #expect(result["file"] as? String == folder / "r.h5")
    let rows = try #require(result["results"] as? [[String: Any]])
    #expect(rows.count == 1 && rows[0]["optimizer"] as? String == "Adam")
    #expect((rows[0]["testError"] as? [String: Any])?["mean"] is Double)
    let list = try #require(try json(["--alpha", "1e-3", "--list", "--json"]) as? [[String: Any]])
    #expect(list.count == 2 && list.allSatisfy { $0["state"] as? String == "done" })
    #expect(list.allSatisfy { ($0["hyperparameters"] as? [String: Any])?["beta1"] is Double })
    let status = try #require(
      try json(["--alpha", "1e-3", "--status", "--json"]) as? [String: Any])
    #expect(status["done"] as? Int == 2 && status["planned"] as? Int == 2)
    let claims = try #require(try json(["--claims", "--json"]) as? [[String: Any]])
    #expect(claims.contains { $0["id"] as? String == "fig1a.adam-like-nesterov" })
    expectOneLine(try run(["--rejudge", "--json"]), status: 64, "--json goes with")
  }

  @Test func `judging again keeps the figure of settings of one's own`() throws {
    #expect(try run(["--alpha", "3e-4", "--stand-in"]).status == 0)
    func figures() throws -> [String] {
      try ResultFile.read(folder / "r.h5").root.group("figures")?.groups.map(\.name) ?? []
    }
    let before = try figures()
    #expect(before == ["mnist-logistic-custom"])
    let outcome = try Program("mnist-logistic").run(["--rejudge", "--output", folder / "r.h5"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    #expect(try figures() == before)
  }

  @Test func `completions that bash can read know options and their words`() throws {
    let script = try Program("mnist-logistic").run(["--completions", "bash"]).output
    let path = try folder.write(Array(script.utf8), to: "completions")
    func complete(_ before: String, _ word: String) throws -> [String] {
      let outcome = try Program(path: "/bin/bash").run(
        [
          "-c",
          "source '\(path)'; COMP_WORDS=(mnist-logistic '\(before)' '\(word)'); COMP_CWORD=2; "
            + "_mnist_logistic; printf '%s\\n' \"${COMPREPLY[@]}\"",
        ], environment: [:])
      #expect(outcome.errors == "")
      return outcome.output.split(separator: "\n").map(String.init)
    }
    #expect(try complete("--profile", "q") == ["quick"])
    #expect(try complete("--jobs", "--add-") == [])
    #expect(try complete("x", "--add-") == ["--add-optimizer"])
    #expect(try complete("--optimizers", "SGD") == ["SGDNesterov"])
  }

  @Test func `the front door completes commands, experiments, their options and files`() throws {
    let door = try Program("adam")
    let path = try folder.write(
      Array(try door.run(["--completions", "bash"]).output.utf8), to: "completions")
    func complete(_ words: String...) throws -> [String] {
      let list = words.map { "'\($0)'" }.joined(separator: " ")
      let outcome = try Program(path: "/bin/bash").run(
        [
          "-c",
          "source '\(path)'; COMP_WORDS=('\(door.path)' \(list)); COMP_CWORD=\(words.count); _adam; "
            + "printf '%s\\n' \"${COMPREPLY[@]}\"",
        ], environment: [:])
      return outcome.output.split(separator: "\n").map(String.init)
    }
    #expect(try complete("co") == ["compare"])
    #expect(try complete("run", "mnist-l") == ["mnist-logistic"])
    #expect(try complete("run", "mnist-logistic", "--add-") == ["--add-optimizer"])
    #expect(try complete("run", "mnist-logistic", "--profile", "q") == ["quick"])
    #expect(try complete("compare", String(path.dropLast(3))) == [path])
    #expect(try complete("compare", "a.h5", String(path.dropLast(3))) == [path])
    let spaced = try folder.write([], to: "two words.h5")
    #expect(try complete("identify", String(spaced.dropLast(3))) == [spaced])
  }

  @Test func `the front door tells the status of all experiments as one array`() throws {
    let door = try Program("adam")
    let outcome = try door.run(["status", "--profile", "smoke", "--json"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let entries = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    #expect((entries as? [[String: Any]])?.count == 12)
    expectOneLine(
      try door.run(["status", "--output", "x.h5"]), status: 64, of: "adam",
      "--output is the file of")
    expectOneLine(try door.run(["list", "--bogus"]), status: 64, of: "adam", "nothing more")
    #expect(try door.run(["status", "--help"]).output.hasPrefix("usage: adam status [options]\n"))
  }

  // MARK: Comparing

  @Test func `files and arms are compared seed by seed`() throws {
    #expect(try run(["--alpha", "3e-4", "--seeds", "0,1,2", "--label", "low"]).status == 0)
    #expect(try run(["--alpha", "1e-2", "--seeds", "0,1,2", "--label", "high"]).status == 0)
    let report = try Program("report")
    let outcome = try report.run(["--compare", folder / "r.h5"])
    #expect(outcome.status == 0, "\(outcome.errors)")
    let lines = outcome.output.split(separator: "\n").map(String.init)
    #expect(lines.contains { $0.hasPrefix("[low] Adam, epoch 1: ") && $0.hasSuffix("(3 seeds)") })
    let difference = try #require(lines.first { $0.hasPrefix("  less [low, Adam]: ") })
    #expect(difference.contains(" over 3 seeds, "))
    // The mean of the differences is the difference of the means.
    let view = try ResultFile.read(folder / "r.h5").view
    let means = try ["low", "high"].map { arm in
      let values = try ["0", "1", "2"].map {
        try view.number(
          "test_error", ["arm": arm, "optimizer": "Adam", "seed": $0, "epoch": "1"])
      }
      return values.reduce(0, +) / 3
    }
    let told = Double(difference.split(separator: " ")[3]) ?? .nan
    #expect(abs(told - (means[1] - means[0])) <= 0.01 * abs(told))
    #expect(try report.run(["--compare", folder / "r.h5#low", folder / "r.h5#high"]).status == 0)
  }

  @Test func `what cannot be compared is told in a line`() throws {
    #expect(try run(["--alpha", "3e-4", "--label", "low"]).status == 0)
    #expect(try run(["--hidden", "10"], of: "mnist-mlp", to: "mlp.h5").status == 0)
    let report = try Program("report")
    func refuse(_ arguments: String..., status: Int32, _ words: String) throws {
      expectOneLine(
        try report.run(["--compare"] + arguments), status: status, of: "report", words)
    }
    try refuse(folder / "r.h5", folder / "mlp.h5", status: 65, "is of mnist-logistic, ")
    try refuse(folder / "r.h5#lov", status: 64, "has no arm \"lov\" (did you mean low?)")
    try refuse(
      folder / "r.h5", "--variable", "test_eror", status: 64, "(did you mean test_error?)")
    try refuse(status: 64, "--compare needs result files")
  }

  // MARK: Front door

  @Test func `adam leads to the programs beside it`() throws {
    let adam = try Program("adam")
    let list = try adam.run(["list"])
    #expect(list.status == 0 && list.output.contains("mnist-logistic"))
    #expect(list.output.contains("Logistic regression on MNIST"))
    let direct = try Program("mnist-logistic").run(["--help"])
    #expect(try adam.run(["run", "mnist-logistic", "--help"]).output == direct.output)
    expectOneLine(
      try adam.run(["run", "mnist-logistik"]), status: 64, of: "adam",
      "(did you mean mnist-logistic?)")
    expectOneLine(try adam.run(["rnu"]), status: 64, of: "adam", "(did you mean run?)")
    expectOneLine(try adam.run(["compare"]), status: 64, of: "report", "--compare needs")
  }
}
