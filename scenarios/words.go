package scenarios

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"quorumlab/scenarios/language"
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

// kindsInWords is the plural of a kind of operation; "" stands for all kinds.
func kindsInWords(kind language.OperationKind) string {
	switch kind {
	case "":
		return "operations"
	case language.CAS:
		return "cas"
	}
	return string(kind) + "s"
}

// sideInWords names operations by their side and kind; "" stands for all.
func sideInWords(side string, kind language.OperationKind) string {
	words := "every side"
	if side != "" {
		words = "side " + side
	}
	if kind != "" {
		words += ", " + kindsInWords(kind)
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
