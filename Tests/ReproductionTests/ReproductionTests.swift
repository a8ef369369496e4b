import Testing
import Reproduction
