package state_test

import (
	"testing"

	"quorumlab/protocols/state/statetest"
)

func TestPromisesHoldForRandomValues(t *testing.T) {
	statetest.Check(t, samples...)
}
