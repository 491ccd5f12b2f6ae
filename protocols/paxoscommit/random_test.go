package paxoscommit_test

import (
	"strings"
	"testing"

	"quorumlab/scenarios/labtest"
)

func TestRandomBanks(t *testing.T) {
	labtest.Banks(t, "paxoscommit", func(d labtest.Draw, nodes int) string {
		return strings.Join([]string{
			d.Number("faults", 0, (nodes-1)/2), d.Choice("variant", "plain", "faster"), d.Number("timeout", 2, 5),
		}, ", ")
	})
}
