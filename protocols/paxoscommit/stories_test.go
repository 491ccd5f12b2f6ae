package paxoscommit_test

import (
	"fmt"
	"testing"

	"quorumlab/protocols/paxoscommit"
	"quorumlab/protocols/resource"
	"quorumlab/sim/story"
)

// TestStories plays what testdata tells.
func TestStories(t *testing.T) {
	story.Suite{
		Protocol: paxoscommit.Protocol(),
		Slot:     slotName,
	}.Run(t, "testdata")
}

// slotName shows a transaction, or the instance of a manager in one.
func slotName(slot uint64) string {
	if manager := slot >> 40 & 0xff; manager != 0 {
		return fmt.Sprintf("%d.%d of n%d", slot>>52, slot&(1<<40-1), manager)
	}
	return resource.ID(slot).String()
}
