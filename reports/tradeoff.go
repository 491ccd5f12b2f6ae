package reports

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"quorumlab/checker/linear"
	"quorumlab/scenarios"
	"quorumlab/scenarios/language"
)

// Share is how many operations were answered of how many that were invoked.
type Share struct{ Answered, Invoked int }

// String shows the share in numbers and in percent, rounded down to a tenth so
// that 100% is all.
func (s Share) String() string {
	if s.Invoked == 0 {
		return "none asked"
	}
	tenths := s.Answered * 1000 / s.Invoked
	percent := strconv.Itoa(tenths / 10)
	if tenths%10 != 0 {
		percent += "." + strconv.Itoa(tenths%10)
	}
	return fmt.Sprintf("%d of %d (%s%%)", s.Answered, s.Invoked, percent)
}

// Side is what was answered to the clients of one side.
type Side struct {
	Name  string // "(none)" for clients of no side
	Kinds []KindShare
	All   Share
}

// KindShare is what was answered of one kind of operation.
type KindShare struct {
	Kind  language.OperationKind
	Share Share
}

// Sides gathers the availability of a run by side, in the order of the figures.
func Sides(result *scenarios.Result) []Side {
	var sides []Side
	for _, a := range result.Availability {
		name := a.Side
		if name == "" {
			name = "(none)"
		}
		at := slices.IndexFunc(sides, func(s Side) bool { return s.Name == name })
		if at < 0 {
			at = len(sides)
			sides = append(sides, Side{Name: name})
		}
		share := Share{Answered: a.Answered, Invoked: a.Invoked}
		sides[at].Kinds = append(sides[at].Kinds, KindShare{Kind: a.Kind, Share: share})
		sides[at].All.Answered += share.Answered
		sides[at].All.Invoked += share.Invoked
	}
	return sides
}

// strictest is the level of isolation that all transactions on lists are judged by.
func strictest() string {
	levels := linear.Levels()
	return levels[len(levels)-1].Name
}

// GivenUp says what a run's protocol gave up: consistency, if its history is
// not linearizable, or not isolated; availability, where a side was not answered.
func GivenUp(result *scenarios.Result) []string {
	var given []string
	for _, v := range result.Verdicts {
		switch {
		case v.Property == strictest() && v.Verdict == scenarios.Violated:
			given = append(given, "isolation (not "+v.Property+")")
		case v.Property != scenarios.Linearizable || v.Verdict == scenarios.Holds:
		case v.Verdict == scenarios.Violated:
			given = append(given, "consistency (not linearizable)")
		default:
			given = append(given, "perhaps consistency (not known to be linearizable)")
		}
	}
	var unavailable []string
	for _, side := range Sides(result) {
		if side.All.Answered < side.All.Invoked {
			unavailable = append(unavailable, fmt.Sprintf("side %s answers %v", side.Name, side.All))
		}
	}
	if len(unavailable) > 0 {
		given = append(given, "availability: "+strings.Join(unavailable, ", "))
	}
	if len(given) == 0 {
		return []string{"nothing"}
	}
	return given
}
