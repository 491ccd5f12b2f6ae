package reference

import (
	"math/bits"

	"quorumlab/checker/explore"
)

// quorums returns the sets of acceptors that are quorums, as masks: all
// majorities, or only those of which no part is one.
func quorums(acceptors int, minimal bool) []uint32 {
	var found []uint32
	majority := acceptors/2 + 1
	for set := range uint32(1) << acceptors {
		size := bits.OnesCount32(set)
		if size == majority || size > majority && !minimal {
			found = append(found, set)
		}
	}
	return found
}

var quorumNames = []string{"majorities", "minimal"}

// quorumParameter is the parameter that tells which.
func quorumParameter(standard string) explore.Parameter {
	return explore.Parameter{
		Name: "quorums", Default: standard, Choices: quorumNames,
		Help: "all majorities, or only the minimal ones: each satisfied quorum generates a state",
	}
}

// permutations returns all orders of the numbers below n.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{{}}
	}
	var all [][]int
	for _, shorter := range permutations(n - 1) {
		for at := range n {
			order := make([]int, 0, n)
			order = append(append(append(order, shorter[:at]...), n-1), shorter[at:]...)
			all = append(all, order)
		}
	}
	return all
}
