package machine

import (
	"testing"

	"quorumlab/protocols/state/statetest"
)

func TestTypesArePlainData(t *testing.T) {
	statetest.Check(t, append(Types(), (*Sessions)(nil))...)
}
