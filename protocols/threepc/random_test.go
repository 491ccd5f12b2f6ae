package threepc_test

import (
	"strings"
	"testing"

	"quorumlab/scenarios/labtest"
)

func TestRandomBanks(t *testing.T) {
	labtest.Banks(t, "threepc", func(d labtest.Draw, _ int) string {
		return strings.Join([]string{
			d.Choice("termination", "quorum", "e3pc"), d.Number("timeout", 2, 5),
		}, ", ")
	})
}
