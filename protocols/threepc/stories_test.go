package threepc_test

import (
	"testing"

	"quorumlab/protocols/resource"
	"quorumlab/protocols/threepc"
	"quorumlab/sim/story"
)

// TestStories plays what testdata tells.
func TestStories(t *testing.T) {
	story.Suite{
		Protocol: threepc.Protocol(),
		Slot:     func(slot uint64) string { return resource.ID(slot).String() },
	}.Run(t, "testdata")
}
