package language

import (
	"strconv"
	"strings"
	"time"
)

// expectationDocument is what a run must show: the keys of expectationForm,
// and beside them properties with the verdict expected of each.
type expectationDocument struct {
	expectationForm
	// properties holds all other keys.
	properties mapping[raw]
}

// raw is a part of the document that is looked at later.
type raw struct{ tree *tree }

func (r *raw) decode(_ *decoder, t *tree) { r.tree = t }

type expectationForm struct {
	// Share of the operations answered in time while there were faults, by side: a bound such as 100% or ">= 99%", or one for each kind {read: 100%, write: 0%}.
	Availability mapping[availabilityDocument] `yaml:"availability"`
	// Bounds on the longest time that an operation took which was answered.
	Waits []waitDocument `yaml:"waits"`
	// Bounds on what being in doubt cost, of a protocol of atomic commitment.
	InDoubt doubtDocument `yaml:"in-doubt"`
	// What must happen, lest the run show nothing.
	Happens []conditionDocument `yaml:"happens"`
}

func (e *expectationDocument) decode(d *decoder, t *tree) {
	if t.kind != kindMapping {
		d.fail(t.place, t.describe(), "a mapping such as {linearizable: holds}", "")
		return
	}
	known := &tree{kind: kindMapping, place: t.place}
	for _, entry := range t.entries {
		switch entry.key {
		case "availability", "waits", "in-doubt", "happens":
			known.entries = append(known.entries, entry)
		default:
			e.properties = append(e.properties, keyed[raw]{entry.key, entry.place, raw{entry.value}})
		}
	}
	d.into(known, &e.expectationForm)
}

// availabilityDocument is one bound for all kinds, or one for each.
type availabilityDocument struct {
	all    leaf[shareBound]
	byKind mapping[leaf[shareBound]]
}

func (a *availabilityDocument) decode(d *decoder, t *tree) {
	if t.kind == kindMapping {
		d.into(t, &a.byKind)
		return
	}
	d.into(t, &a.all)
}

type waitDocument struct {
	// The side of the client. Default: each.
	Side leaf[text] `yaml:"side"`
	// The kind of operation. Default: each.
	Operation word[OperationKind] `yaml:"operation"`
	// A bound on the longest time, such as ">= 4s".
	Longest leaf[durationBound] `yaml:"longest" jsonschema:"required"`
}

// doubtDocument bounds the time between a participant's YES and the decision.
type doubtDocument struct {
	// The longest time that a participant was in doubt about a transaction, such as ">= 5s".
	Longest leaf[durationBound] `yaml:"longest"`
	// The sum of all those times, each as often as locks were held.
	LockTime leaf[durationBound] `yaml:"lock-time"`
	// How many requests of others met a lock that was held in doubt, such as ">= 1".
	Bystanders leaf[countBound] `yaml:"bystanders"`
}

// conditionDocument is something that must happen, one of the conditionForms.
type conditionDocument struct{ form any }

func (c *conditionDocument) decode(d *decoder, t *tree) {
	c.form = d.variantOf(t, conditionForms())
}

func conditionForms() []variant {
	return []variant{
		{"note", func() any { return new(noteForm) }},
		{"operation", func() any { return new(outcomeForm) }},
		{"fault", func() any { return new(faultForm) }},
		{"lost", func() any { return new(lostForm) }},
	}
}

// conditionBase is what all conditions share.
type conditionBase struct {
	// The condition in words, for reports.
	Phrase leaf[text] `yaml:"phrase"`
	// How often, such as 3 or ">= 2". Default ">= 1".
	Count leaf[countBound] `yaml:"count"`
}

type noteForm struct {
	conditionBase
	// Kind of the note, such as leading, synchronized or halted.
	Note leaf[name] `yaml:"note" jsonschema:"required"`
	// What the note's text contains.
	Text leaf[text] `yaml:"text"`
	// The node that makes it. Default: any.
	Node leaf[name] `yaml:"node"`
	// When.
	During word[Phase] `yaml:"during"`
}

type outcomeForm struct {
	conditionBase
	// Kind of the operation, or any.
	Operation word[OperationKind] `yaml:"operation" jsonschema:"required"`
	// Side of the client.
	Side leaf[text] `yaml:"side"`
	// Name of the client.
	Client leaf[name] `yaml:"client"`
	// How it ended: ok, fail (surely not executed) or info (nobody knows).
	Outcome word[Outcome] `yaml:"outcome"`
	// What it read or wrote.
	Value leaf[text] `yaml:"value"`
	// When it began.
	During word[Phase] `yaml:"during"`
}

type faultForm struct {
	conditionBase
	// Kind of the fault.
	Fault word[FaultKind] `yaml:"fault" jsonschema:"required"`
}

type lostForm struct {
	// The condition in words, for reports.
	Phrase leaf[text] `yaml:"phrase"`
	// How many acknowledged writes are gone at the end, such as 0 or ">= 1".
	Lost leaf[countBound] `yaml:"lost" jsonschema:"required"`
}

// Bounds of the three units.
type (
	shareBound    Bound
	durationBound Bound
	countBound    Bound
)

func (b *shareBound) read(t *tree) bool {
	relation, rest := cutRelation(t)
	var value share
	ok := value.read(rest)
	*b = shareBound{relation, int64(value)}
	return ok
}
func (b *shareBound) expects() string { return `a bound such as 100%, ">= 99%" or "< 50%"` }

func (b *durationBound) read(t *tree) bool {
	relation, rest := cutRelation(t)
	value, ok := parseDuration(rest)
	*b = durationBound{relation, int64(value)}
	return ok && value >= 0 && value <= time.Duration(durationMax)
}
func (b *durationBound) expects() string { return `a bound such as ">= 4s" or "< 100ms"` }

func (b *countBound) read(t *tree) bool {
	relation, rest := cutRelation(t)
	value, err := strconv.ParseInt(rest.text, 10, 32)
	*b = countBound{relation, value}
	return err == nil && value >= 0
}
func (b *countBound) expects() string { return `a number, or a bound such as ">= 2"` }

// cutRelation splits a bound's relation (default: equal) from its value.
func cutRelation(t *tree) (Relation, *tree) {
	rest := *t
	for _, relation := range []Relation{AtLeast, AtMost, Above, Below, Equal} {
		if after, ok := strings.CutPrefix(t.text, string(relation)); ok {
			rest.text = strings.TrimSpace(after)
			return relation, &rest
		}
	}
	return Equal, &rest
}
