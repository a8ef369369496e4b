import Reporting
import Reproduction
import ResultStore

// What tests ask of an experiment, for one request.

extension Experiment {
  func plan(_ request: PlanRequest, _ records: @escaping RecordLookup) throws -> Plan {
    try session(request, records).plan()
  }

  func document(_ request: PlanRequest, _ records: @escaping RecordLookup) throws -> Group {
    try session(request, records).arrays()
  }

  func searchTable(
    _ request: PlanRequest, _ records: @escaping RecordLookup
  ) throws -> CommittedSearch? {
    try session(request, records).searchTable()
  }

  func shortened(_ request: PlanRequest) -> String { session(request) { _ in nil }.shortened }

  func check(_ request: PlanRequest) throws { try session(request) { _ in nil }.check() }

  func remarks(_ request: PlanRequest) -> [String] { session(request) { _ in nil }.remarks }

  func figures(_ request: PlanRequest) throws -> [Figure] {
    try session(request) { _ in nil }.figures()
  }
}
