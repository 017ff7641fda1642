package diagnose

import "testing"

// BenchmarkHealthy looks at a domain whose records are right, which is what is
// looked at most, as a check does: before there is any answer, after the first
// round and after the last one.
func BenchmarkHealthy(b *testing.B) {
	t := new(testing.T)
	c := readCase(t, "none")
	in := c.input(c.load(t))
	all := in.Observation.Answers
	b.ReportAllocs()
	for b.Loop() {
		var seen Case
		for _, n := range []int{0, len(all) - 2, len(all)} {
			in.Observation.Answers = all[:n]
			seen.Questions(in)
		}
		seen.Domain(in)
	}
}
