package language

import "slices"

// Translation is a scenario's narration in another language: of a line of it, as the
// scenario has it, that line.
type Translation map[string]string

// ParseTranslation reads a translation: a mapping from lines to lines. file is its name
// for messages. The error is Problems.
func ParseTranslation(file string, data []byte) (Translation, error) {
	root, problem := parseTree(file, string(data))
	if problem != nil {
		return nil, Problems{problem}
	}
	if root.kind != kindMapping {
		return nil, Problems{root.place.problem(root.describe(), "a translation: a mapping from lines to lines", "")}
	}
	t := Translation{}
	for _, e := range root.entries {
		if e.value.kind != kindText || e.value.text == "" {
			return nil, Problems{e.value.place.problem(e.value.describe(), "the line in the other language", "")}
		}
		t[e.key] = e.value.text
	}
	return t, nil
}

// Line returns a line in the other language, or as it is if there is none.
func (t Translation) Line(text string) string {
	if other, ok := t[text]; ok {
		return other
	}
	return text
}

// Tell returns a scenario that tells its story in the other language. What happens in
// it, and what its traces say of it, stays the same.
func (t Translation) Tell(s *Scenario) *Scenario {
	told := *s
	told.Runs = slices.Clone(s.Runs)
	for i := range told.Runs {
		run := &told.Runs[i]
		run.Timeline = slices.Clone(run.Timeline)
		for k := range run.Timeline {
			entry := &run.Timeline[k]
			switch a := entry.Action.(type) {
			case Say:
				entry.Action = Say{t.Line(a.Text)}
			case Ask:
				entry.Action = Ask{t.Line(a.Question), t.Line(a.Answer)}
			}
		}
	}
	return &told
}

// Narration returns what a scenario says, asks and answers, each line once, in order.
func (s *Scenario) Narration() []string {
	var lines []string
	add := func(text string) {
		if text != "" && !slices.Contains(lines, text) {
			lines = append(lines, text)
		}
	}
	for _, run := range s.Runs {
		for _, entry := range run.Timeline {
			switch a := entry.Action.(type) {
			case Say:
				add(a.Text)
			case Ask:
				add(a.Question)
				add(a.Answer)
			}
		}
	}
	return lines
}
