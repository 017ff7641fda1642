package diagnose

import "testing"

// BenchmarkHealthy judges a domain whose records are right, which is what is
// judged most.
func BenchmarkHealthy(b *testing.B) {
	t := new(testing.T)
	c := readCase(t, "none")
	in := c.input(c.load(t))
	for b.Loop() {
		Domain(in)
		Questions(in)
	}
}
