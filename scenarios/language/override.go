package language

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// override is one `--set path=value`, taken apart.
type override struct {
	path  []string
	value *tree
	place place // of the override's text
}

// parseOverride takes `path=value` apart. A value that begins with [, {, " or
// ' is YAML, everything else a plain scalar, so that `>= 99%` needs no quotes.
func parseOverride(argument string) (override, *Problem) {
	src := newSource("--set "+argument, argument)
	o := override{place: place{source: src, line: 1, column: 1}}
	path, value, ok := strings.Cut(argument, "=")
	if !ok || len(src.lines) > 1 {
		return o, o.place.problem("no `=` in one line", "path=value", "for example cluster.nodes=5")
	}
	if len(argument) > MaxFileSize {
		return o, o.place.problem("an override of more than 1 MiB", "path=value", "")
	}
	o.path = strings.Split(path, ".")
	if slices.Contains(o.path, "") || strings.ContainsAny(path, " \t[]") {
		return o, o.place.problem("the path "+quote(path), "keys and list positions joined by dots", "for example timeline.0.at=3s")
	}
	if len(o.path) > depthMax {
		return o, o.place.problem("a path of more than "+strconv.Itoa(depthMax)+" steps", "a path into the scenario", "")
	}
	if p := checkCharacters(src); p != nil {
		return o, p
	}
	if value != "" && strings.ContainsRune(`[{"'`, rune(value[0])) {
		indent := strings.Repeat(" ", len([]rune(path))+1) // keeps the columns
		t, p := parseTree("--set "+argument, indent+value)
		if p != nil {
			return o, p
		}
		o.value = t
		o.value.relocate(src)
		return o, nil
	}
	o.value = &tree{kind: classify(value), text: value, place: o.place}
	o.value.place.column += len([]rune(path)) + 1
	return o, nil
}

// relocate makes the places of a tree point into another source.
func (t *tree) relocate(src *source) {
	t.place.source = src
	for _, item := range t.items {
		item.relocate(src)
	}
	for _, e := range t.entries {
		e.place.source = src
		e.value.relocate(src)
	}
}

// clone returns a deep copy.
func (t *tree) clone() *tree {
	c := *t
	c.items = make([]*tree, len(t.items))
	for i, item := range t.items {
		c.items[i] = item.clone()
	}
	c.entries = make([]*entry, len(t.entries))
	for i, e := range t.entries {
		c.entries[i] = &entry{e.key, e.place, e.value.clone()}
	}
	return &c
}

// apply changes the document. What stands at the top level (or in
// expect.all) is meant for every run: where a run has a value of its own that
// would hide the new one, that is changed too.
func (o override) apply(root *tree) *Problem {
	switch o.path[0] {
	case "name", "title", "about", "source":
		return o.set(root, o.path)
	case "runs":
		return o.setRun(root)
	case "expect":
		expect := child(root, "expect")
		if len(o.path) > 2 && o.path[1] == "all" && expect != nil {
			others := slices.DeleteFunc(slices.Clone(expect.entries), func(e *entry) bool { return e.key == "all" })
			for _, run := range others {
				if run.value.hides(o.path[2:]) {
					if p := o.set(run.value, o.path[2:]); p != nil {
						return p
					}
				}
			}
		}
		return o.set(root, o.path)
	}
	hidden := false // by every run
	if runs := child(root, "runs"); runs != nil && len(runs.entries) > 0 {
		hidden = true
		for _, run := range runs.entries {
			if !run.value.hides(o.path) {
				hidden = false
				continue
			}
			if p := o.set(run.value, o.path); p != nil {
				return p
			}
		}
	}
	if hidden && child(root, o.path[0]) == nil {
		return nil
	}
	return o.set(root, o.path)
}

// setRun is apply for `runs.…`. It makes no run.
func (o override) setRun(root *tree) *Problem {
	runs := child(root, "runs")
	if len(o.path) < 2 {
		return o.set(root, o.path)
	}
	if runs == nil || runs.kind != kindMapping {
		return o.place.problem("a path into `runs`", "a scenario with runs", "set "+quote(strings.Join(o.path[min(2, len(o.path)-1):], "."))+" at the top level")
	}
	if runs.entry(o.path[1]) == nil {
		known := make([]string, len(runs.entries))
		for i, e := range runs.entries {
			known[i] = e.key
		}
		return o.place.problem("the unknown run "+quote(o.path[1]), "one of "+list(known), nearest(o.path[1], known))
	}
	return o.set(root, o.path)
}

// child returns the value of a key of a mapping, nil if there is none.
func child(t *tree, key string) *tree {
	if t.kind != kindMapping {
		return nil
	}
	if e := t.entry(key); e != nil {
		return e.value
	}
	return nil
}

// hides reports whether merge would prefer this overlay's value at a path to
// that of the top level.
func (t *tree) hides(path []string) bool {
	section := child(t, path[0])
	if section == nil {
		return false
	}
	return section.kind != kindMapping || len(path) == 1 || section.entry(path[1]) != nil
}

// set puts a copy of the value at a path below t. Keys that are missing are
// made; whether the language knows them shows when the document is decoded,
// and is then reported at the override's place.
func (o override) set(t *tree, path []string) *Problem {
	for i, step := range path {
		last := i == len(path)-1
		slot, p := o.slot(t, step)
		if p != nil {
			return p
		}
		if last {
			*slot = o.value.clone()
			return nil
		}
		t = *slot
	}
	return nil
}

// slot returns where the value of one step of the path stands.
func (o override) slot(t *tree, step string) (**tree, *Problem) {
	if t.kind == kindNull {
		t.kind, t.text = kindMapping, ""
	}
	switch t.kind {
	case kindMapping:
		e := t.entry(step)
		if e == nil {
			e = &entry{key: step, place: o.place, value: &tree{place: o.place}}
			t.entries = append(t.entries, e)
		}
		return &e.value, nil
	case kindSequence:
		n, err := strconv.Atoi(step)
		if err != nil || n < 0 || n >= len(t.items) || step != strconv.Itoa(n) {
			return nil, o.place.problem("the list position "+quote(step), fmt.Sprintf("a number from 0 to %d", len(t.items)-1), "")
		}
		return &t.items[n], nil
	default:
		return nil, o.place.problem("the step "+quote(step)+" into "+t.describe(), "a path that ends there", "")
	}
}
