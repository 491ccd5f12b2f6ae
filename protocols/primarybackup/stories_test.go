package primarybackup_test

import (
	"testing"

	"quorumlab/protocols/primarybackup"
	"quorumlab/sim/story"
)

// TestStories plays what testdata tells.
func TestStories(t *testing.T) {
	story.Run(t, primarybackup.Protocol(), "testdata")
}
