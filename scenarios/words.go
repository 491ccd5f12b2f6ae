package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"quorumlab/scenarios/language"
	"quorumlab/sim"
)

// boundInWords shows a bound in its unit: "%" (of millionths), "ns" or "".
func boundInWords(b language.Bound, unit string) string {
	value := strconv.FormatInt(b.Value, 10)
	switch unit {
	case "%":
		value = percent(b.Value)
	case "ns":
		value = time.Duration(b.Value).String()
	}
	if b.Relation == language.Equal {
		return value
	}
	return string(b.Relation) + " " + value
}

// percent shows a share of millionths.
func percent(millionths int64) string {
	text := fmt.Sprintf("%d.%04d", millionths/10_000, millionths%10_000)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".") + "%"
}

// sideInWords names operations by their side and kind; "" stands for all.
func sideInWords(side string, kind language.OperationKind) string {
	words := "every side"
	if side != "" {
		words = "side " + side
	}
	if kind != "" {
		words += ", " + kind.Plural()
	}
	return words
}

// conditionInWords says what must happen.
func conditionInWords(c language.Condition, run *language.Run) string {
	var words []string
	switch {
	case c.Note != "":
		words = append(words, "note "+string(c.Note))
	case c.Operation != "":
		words = append(words, "operation "+string(c.Operation))
	case c.Fault != "":
		words = append(words, "fault "+string(c.Fault))
	default:
		words = append(words, "acknowledged write lost")
	}
	if c.Text != "" {
		words = append(words, strconv.Quote(c.Text))
	}
	if c.Node != 0 {
		words = append(words, "at "+run.Cluster.Nodes[c.Node-1].Name)
	}
	if c.Side != "" {
		words = append(words, "on side "+c.Side)
	}
	if c.Client != 0 {
		words = append(words, "of "+run.Clients[c.Client-1].Name)
	}
	if c.Value != nil {
		words = append(words, "of value "+strconv.Quote(*c.Value))
	}
	if c.Outcome != "" {
		words = append(words, "with outcome "+string(c.Outcome))
	}
	if c.During != language.Always {
		words = append(words, "during "+string(c.During))
	}
	return strings.Join(words, " ")
}

// times says how often something happened.
func times(n int64) string {
	switch n {
	case 0:
		return "never"
	case 1:
		return "once"
	}
	return fmt.Sprintf("%d times", n)
}

// FaultInWords says what a fault does.
func FaultInWords(w *sim.World, f *sim.Fault) string {
	name := w.Setup().Name(f.Node)
	switch f.Kind {
	case sim.CutLinks:
		return "cut: " + pairsInWords(w, f)
	case sim.HealLinks:
		if f.Pairs != nil {
			return "healed: " + pairsInWords(w, f)
		}
		return "healed"
	case sim.SetLinks:
		return "links change: " + pairsInWords(w, f)
	case sim.CrashAtSync:
		return fmt.Sprintf("%s will crash at an fsync", name)
	case sim.SlowNode:
		return name + ": every step takes " + longer(f.By)
	case sim.JumpClock:
		return fmt.Sprintf("%s: the clock jumps by %v", name, f.By)
	case sim.DriftClock:
		return fmt.Sprintf("%s: the clock drifts by %d ppm", name, f.Drift)
	case sim.SlowDisk:
		return name + ": every fsync takes " + longer(f.By)
	case sim.FillDisk:
		if !f.On {
			return name + ": the disk has room again"
		}
		return name + ": the disk is full"
	case sim.FailForce:
		return fmt.Sprintf("%s: the next fsync fails", name)
	case sim.RotRecord:
		return fmt.Sprintf("%s: a record rots", name)
	case sim.RotMeta:
		return fmt.Sprintf("%s: the metadata rots", name)
	case sim.RotSnapshot:
		return fmt.Sprintf("%s: the snapshot rots", name)
	case sim.LoseDisk:
		return fmt.Sprintf("%s: the disk is lost, an empty one takes its place", name)
	}
	return fmt.Sprintf("%s %s", name, f.Kind)
}

func longer(by time.Duration) string {
	if by == 0 {
		return "its usual time again"
	}
	return by.String() + " longer"
}

// pairsInWords shows ordered pairs; both ways of a pair become one arrow.
func pairsInWords(w *sim.World, f *sim.Fault) string {
	name := w.Setup().Name
	var words []string
	for _, p := range f.Pairs {
		back := p
		back.From, back.To = p.To, p.From
		switch {
		case !slices.Contains(f.Pairs, back):
			words = append(words, name(p.From)+"→"+name(p.To))
		case p.From < p.To:
			words = append(words, name(p.From)+"↔"+name(p.To))
		}
	}
	return strings.Join(words, " ")
}
