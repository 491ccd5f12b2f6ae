package language

import "slices"

// headings are the keys of the top level that no run has.
func headings() []string {
	return []string{"name", "title", "about", "source", "runs", "expect"}
}

// merge lays a run's section over the top level: a section that is a mapping
// in both merges key by key, any other is replaced as a whole. It goes no
// deeper, because a half-replaced distribution or partition means nothing.
func merge(root, overlay *tree) *tree {
	merged := &tree{kind: kindMapping, place: overlay.place}
	for _, e := range root.entries {
		if !slices.Contains(headings(), e.key) {
			merged.entries = append(merged.entries, e)
		}
	}
	for _, e := range overlay.entries {
		i := slices.IndexFunc(merged.entries, func(other *entry) bool { return other.key == e.key })
		switch {
		case e.key == "title":
		case i < 0:
			merged.entries = append(merged.entries, e)
		default:
			merged.entries[i] = mergeSection(merged.entries[i], e)
		}
	}
	return merged
}

func mergeSection(base, over *entry) *entry {
	if base.value.kind != kindMapping || over.value.kind != kindMapping {
		return over
	}
	section := &tree{kind: kindMapping, place: over.value.place}
	replaced := make(map[string]bool, len(over.value.entries))
	for _, e := range over.value.entries {
		section.entries = append(section.entries, e)
		replaced[e.key] = true
	}
	for _, e := range base.value.entries {
		if !replaced[e.key] {
			section.entries = append(section.entries, e)
		}
	}
	return &entry{key: over.key, place: over.place, value: section}
}
