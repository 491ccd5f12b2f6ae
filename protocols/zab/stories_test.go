package zab_test

import (
	"testing"

	"quorumlab/protocols/zab"
	"quorumlab/sim/story"
)

// TestStories plays what testdata tells.
func TestStories(t *testing.T) {
	story.Suite{
		Protocol: zab.Protocol(),
		Slot:     func(slot uint64) string { return zab.Zxid(slot).String() },
	}.Run(t, "testdata")
}
