package main

import (
	"os"
	"testing"
)

func TestWritten(t *testing.T) {
	written, err := os.ReadFile("../kernels_amd64.s")
	if err != nil || string(written) != kernels() {
		t.Errorf("kernels_amd64.s is not what this package writes (%v); run go generate ./internal/multibuffer", err)
	}
}
