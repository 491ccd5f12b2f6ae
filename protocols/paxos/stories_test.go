package paxos_test

import (
	"testing"

	"quorumlab/protocols/paxos"
	"quorumlab/sim/story"
)

// TestStories plays what testdata tells.
func TestStories(t *testing.T) {
	story.Run(t, paxos.Protocol(), "testdata")
}
