package main

import "testing"

func TestGCPercent(t *testing.T) {
	for _, tt := range []struct {
		name string
		live uint64
		want int
	}{
		{"nothing known yet", 0, 400},
		{"the least there is", 2 << 20, 400},
		{"a little more than that", 4 << 20, 200},
		{"as much as may be garbage", 8 << 20, 100},
		{"more", 500 << 20, 100},
	} {
		if got := gcPercent(tt.live); got != tt.want {
			t.Errorf("%s: %d %%, want %d", tt.name, got, tt.want)
		}
	}
}
