package language

import (
	"slices"
	"strings"
)

// listSteps compiles what a transaction does.
func (c *compiler) listSteps(docs []listStepDocument, where place) []ListStep {
	if len(docs) == 0 {
		c.fail(where, "a transaction of nothing", "an append or a read at least", "")
	}
	var steps []ListStep
	for _, doc := range docs {
		var step ListStep
		switch form := doc.form.(type) {
		case *appendForm:
			step = ListStep{Key: string(form.Append.Value), Element: string(form.Element.Value)}
			if form.Element.given() && (step.Element == "" || strings.ContainsAny(step.Element, " \t\n")) {
				c.fail(form.Element.place, "the element "+quote(step.Element), "a word without spaces", "")
			}
		case *readListForm:
			step.Key = string(form.Read.Value)
		}
		steps = append(steps, step)
	}
	return steps
}

// compileLists checks that nothing but transactions touches a list, and that each
// of its elements is appended once: else nobody could tell who appended it.
func (c *compiler) compileLists() {
	lists := map[string]bool{} // by key: whether elements are drawn
	for _, o := range c.run.Script {
		for _, step := range o.Lists {
			lists[step.Key] = false
		}
	}
	for _, g := range c.run.Random {
		if slices.ContainsFunc(g.Mix, func(w Weight) bool { return w.Kind == Transaction }) {
			for _, key := range g.Keys {
				lists[key] = true
			}
		}
	}
	if len(lists) == 0 {
		return
	}
	c.onlyTransactions(lists)
	appended := map[ListStep]bool{}
	for _, doc := range c.body.Workload.Script {
		form, transaction := doc.form.(*transactionForm)
		if !transaction {
			continue
		}
		for _, step := range form.Transaction {
			element, appends := step.form.(*appendForm)
			if !appends {
				continue
			}
			is := ListStep{Key: string(element.Append.Value), Element: string(element.Element.Value)}
			switch {
			case appended[is]:
				c.fail(element.Element.place, quote(is.Element)+" a second time in "+quote(is.Key), "each element of a list once", "")
			case lists[is.Key] && strings.Contains(is.Element, "."):
				c.fail(element.Element.place, quote(is.Element)+" in a list of random transactions", "an element without a dot", "drawn elements are such as 1.0.1")
			}
			appended[is] = true
		}
	}
}

// onlyTransactions checks that lists have no initial value, and that no other
// operation touches them.
func (c *compiler) onlyTransactions(lists map[string]bool) {
	const alone = "a key that only transactions touch"
	isList := func(key string) bool { _, is := lists[key]; return is }
	for _, value := range c.body.Initial {
		if isList(value.Key) {
			c.fail(value.place, "a value for "+quote(value.Key)+", which transactions append to", "no value: a list is empty at the start", "")
		}
	}
	for _, doc := range c.body.Workload.Script {
		var keys []leaf[text]
		switch form := doc.form.(type) {
		case *readForm:
			keys = []leaf[text]{form.Read}
		case *writeForm:
			keys = []leaf[text]{form.Write}
		case *casForm:
			keys = []leaf[text]{form.CAS}
		case *deleteForm:
			keys = []leaf[text]{form.Delete}
		case *transferForm:
			keys = []leaf[text]{form.Transfer.From, form.Transfer.To}
		}
		for _, key := range keys {
			if isList(string(key.Value)) {
				c.fail(key.place, quote(string(key.Value))+", which transactions append to", alone, "")
			}
		}
	}
	for i, doc := range c.body.Workload.Random {
		g := c.run.Random[i]
		others := slices.ContainsFunc(g.Mix, func(w Weight) bool { return w.Kind != Transaction })
		if at := slices.IndexFunc(g.Keys, isList); others && at >= 0 {
			c.fail(doc.Place, "other operations on "+quote(g.Keys[at])+", which transactions append to", alone, "give them a generator and `keys` of their own")
		}
	}
}
