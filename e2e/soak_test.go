package e2e

import (
	"os"
	"time"
)

// soakUnit is the time for which a long run has its full numbers.
const soakUnit = 5 * time.Minute

// soaking is how long the long form runs where it depends on time; 0 for the short
// form. make soak says so.
func soaking() time.Duration {
	d, err := time.ParseDuration(os.Getenv("MYODAI_SOAK"))
	if err != nil {
		return 0
	}
	return d
}

// often is how often something is done: short in the short form, and in the long one
// as many times of long as it lasts, but no less than in the short form.
func often(short, long int) int {
	return max(short, int(int64(long)*int64(soaking())/int64(soakUnit)))
}
