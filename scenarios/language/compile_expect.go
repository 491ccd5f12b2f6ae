package language

import (
	"slices"

	"quorumlab/protocols"
)

// compileExpectation lays one section of `expect` over what is expected
// already.
func (c *compiler) compileExpectation(doc *expectationDocument) {
	for _, p := range doc.properties {
		c.compileProperty(p)
	}
	for _, a := range doc.Availability {
		c.side(a.Key, a.place)
		c.compileAvailability(a)
	}
	e := &c.run.Expect
	for _, w := range doc.Waits {
		wait := WaitExpectation{Kind: kindOrAll(w.Operation), Bound: Bound(w.Longest.Value)}
		if w.Side.given() {
			wait.Side = string(w.Side.Value)
			c.side(wait.Side, w.Side.place)
		}
		e.Waits = append(e.Waits, wait)
	}
	c.compileDoubt(doc.InDoubt)
	for _, h := range doc.Happens {
		e.Happens = append(e.Happens, c.condition(h))
	}
}

func (c *compiler) compileDoubt(doc doubtDocument) {
	add := func(figure DoubtFigure, bound Bound) {
		c.run.Expect.InDoubt = append(c.run.Expect.InDoubt, DoubtExpectation{figure, bound})
	}
	if doc.Longest.given() {
		add(DoubtLongest, Bound(doc.Longest.Value))
	}
	if doc.LockTime.given() {
		add(DoubtLockTime, Bound(doc.LockTime.Value))
	}
	if doc.Bystanders.given() {
		add(DoubtBystanders, Bound(doc.Bystanders.Value))
	}
}

func kindOrAll(w word[OperationKind]) OperationKind {
	if w.Value == AnyOperation {
		return ""
	}
	return w.Value
}

// compileProperty compiles a key of `expect` that names a property.
func (c *compiler) compileProperty(p keyed[raw]) {
	known := slices.Concat(c.vocabulary.Properties, c.protocol.Invariants)
	if !slices.Contains(known, p.Key) {
		known = append(known, "availability", "waits", "in-doubt", "happens")
		c.fail(p.place, "the unknown property "+quote(p.Key), "one of "+list(known), nearest(p.Key, known))
		return
	}
	var verdict word[Verdict]
	c.into(p.Value.tree, &verdict)
	if c.run.Expect.Properties == nil {
		c.run.Expect.Properties = map[string]Verdict{}
	}
	c.run.Expect.Properties[p.Key] = verdict.Value
}

func (c *compiler) compileAvailability(a keyed[availabilityDocument]) {
	e := &c.run.Expect
	e.Availability = slices.DeleteFunc(e.Availability, func(old AvailabilityExpectation) bool {
		return old.Side == a.Key
	})
	if a.Value.all.given() {
		e.Availability = append(e.Availability, AvailabilityExpectation{Side: a.Key, Bound: Bound(a.Value.all.Value)})
	}
	known := OperationKinds()
	for _, k := range a.Value.byKind {
		if !slices.Contains(known, k.Key) {
			c.fail(k.place, "the unknown operation "+quote(k.Key), "one of "+list(known), nearest(k.Key, known))
		}
		e.Availability = append(e.Availability, AvailabilityExpectation{
			Side: a.Key, Kind: OperationKind(k.Key), Bound: Bound(k.Value.Value),
		})
	}
}

// countOr1 returns how often a condition must hold: by default once at least.
func countOr1(count leaf[countBound]) Bound {
	return Bound(count.or(countBound{AtLeast, 1}))
}

func (c *compiler) condition(doc conditionDocument) Condition {
	switch form := doc.form.(type) {
	case *noteForm:
		return Condition{
			Note: protocols.NoteKind(form.Note.Value), Text: string(form.Text.Value),
			Node: c.nodeOf(form.Node), During: form.During.Value,
			Phrase: string(form.Phrase.Value), Count: countOr1(form.Count),
		}
	case *outcomeForm:
		condition := Condition{
			Operation: form.Operation.Value, Outcome: form.Outcome.Value, Side: string(form.Side.Value),
			During: form.During.Value, Phrase: string(form.Phrase.Value), Count: countOr1(form.Count),
		}
		if form.Side.given() {
			c.side(condition.Side, form.Side.place)
		}
		if form.Client.given() {
			condition.Client = c.client(form.Client)
		}
		if form.Value.given() {
			value := string(form.Value.Value)
			condition.Value = &value
		}
		return condition
	case *faultForm:
		return Condition{
			Fault: form.Fault.Value, Phrase: string(form.Phrase.Value), Count: countOr1(form.Count),
		}
	case *lostForm:
		return Condition{Lost: true, Phrase: string(form.Phrase.Value), Count: Bound(form.Lost.Value)}
	}
	panic("language: a condition without a form") // decode reported it, and nothing was compiled
}
