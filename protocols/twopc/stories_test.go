package twopc_test

import (
	"testing"

	"quorumlab/protocols/resource"
	"quorumlab/protocols/twopc"
	"quorumlab/sim/story"
)

// TestStories plays what testdata tells.
func TestStories(t *testing.T) {
	story.Suite{
		Protocol: twopc.Protocol(),
		Slot:     func(slot uint64) string { return resource.ID(slot).String() },
	}.Run(t, "testdata")
}
