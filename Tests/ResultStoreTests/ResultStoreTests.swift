import Testing
import ResultStore
