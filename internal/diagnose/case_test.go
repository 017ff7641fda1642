package diagnose

import (
	"reflect"
	"testing"

	"github.com/myodai/myodai/internal/plan"
)

// TestACaseGoesOn shows every recorded case answer by answer to one Case: it must
// ask and judge as if each look were the first.
func TestACaseGoesOn(t *testing.T) {
	for _, name := range folders(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := readCase(t, name)
			in := c.input(c.load(t))
			var going Case
			all := in.Observation.Answers
			for _, seen := range []int{0, 1, len(all) / 3, len(all) / 2, len(all), len(all), len(all) / 4} {
				in.Observation.Answers = all[:seen:seen]
				if got, want := going.Questions(in), Questions(in); !reflect.DeepEqual(got, want) {
					t.Fatalf("after %d answers it asks\n%v\nwant\n%v", seen, got, want)
				}
				if got, want := going.Records(in), plan.Compare(in.Plan, in.Observation); !reflect.DeepEqual(got, want) {
					t.Fatalf("after %d answers the records are\n%v\nwant\n%v", seen, got, want)
				}
				if got, want := show(going.Domain(in)), show(Domain(in)); got != want {
					t.Fatalf("after %d answers it finds\n%s\nwant\n%s", seen, got, want)
				}
			}
		})
	}
}
