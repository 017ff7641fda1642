//go:build !crash

package crash

// Point is a moment of the program's life: what is being done, and how far that
// is.
func Point(what, when string) {}

// Poison is where a message is handled that a test may have poisoned.
func Poison(message []byte) {}
