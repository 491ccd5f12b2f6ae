package twopc_test

import (
	"strings"
	"testing"

	"quorumlab/scenarios/labtest"
)

func TestRandomBanks(t *testing.T) {
	labtest.Banks(t, "twopc", func(d labtest.Draw, _ int) string {
		return strings.Join([]string{
			d.Choice("presume", "abort", "commit", "nothing"), d.Choice("inquiry", "coordinator", "cooperative"),
			d.Number("vote_timeout", 1, 8), d.Number("doubt_after", 1, 6), d.Number("retry", 1, 4),
		}, ", ")
	})
}
