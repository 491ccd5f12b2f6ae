package paxos_test

import (
	"testing"

	"quorumlab/protocols/paxos"
	"quorumlab/protocols/state/statetest"
)

func TestTypesArePlainData(t *testing.T) {
	statetest.Check(t, paxos.Protocol().Types...)
}
