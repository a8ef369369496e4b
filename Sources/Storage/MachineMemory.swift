import Glibc

/// The memory of the machine.
package enum MachineMemory {
  /// The bytes that it has; what limits (`ulimit`, control groups) leave may be less.
  package static var bytes: Int {
    sysconf(Int32(_SC_PHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
  }

  /// Bytes as people write them, e.g. `24 GB`.
  package static func text(_ bytes: Int) -> String {
    let units = ["bytes", "kB", "MB", "GB", "TB", "PB", "EB"]
    var (value, unit) = (Double(bytes), 0)
    while value >= 1000, unit + 1 < units.count {
      value /= 1000
      unit += 1
    }
    let digits = value < 10 && unit > 0 ? (value * 10).rounded() / 10 : value.rounded()
    return (digits == digits.rounded() ? "\(Int(digits))" : "\(digits)") + " " + units[unit]
  }
}
