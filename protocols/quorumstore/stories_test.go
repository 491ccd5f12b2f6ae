package quorumstore_test

import (
	"testing"

	"quorumlab/protocols/quorumstore"
	"quorumlab/sim/story"
)

// TestStories plays what testdata tells.
func TestStories(t *testing.T) {
	story.Run(t, quorumstore.Protocol(), "testdata")
}
