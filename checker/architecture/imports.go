package architecture

import (
	"slices"
	"strings"
)

// checkImports reports every import, in files that are no tests, that the
// table does not list. It goes by the text of the import declarations, so that
// files for other systems count as well. Packages without a row are reported
// by checkPackages, once, not once an import.
func checkImports(m *module, law Law) []Finding {
	var findings []Finding
	for _, p := range m.packages {
		row, listed := law.row(p.name)
		if !listed {
			continue
		}
		for _, f := range p.files {
			if f.test || f.syntax == nil {
				continue
			}
			for _, spec := range f.syntax.Imports {
				text, instead := checkImport(m, law, row, imported(spec))
				if text != "" {
					findings = append(findings, Finding{
						File: f.name, Line: m.line(spec.Pos()), Rule: Imports,
						Text: text, Instead: instead,
					})
				}
			}
		}
	}
	return findings
}

// checkImport says what is wrong with one import and what to do about it; both
// are "" if nothing is.
func checkImport(m *module, law Law, row Row, path string) (text, instead string) {
	inside, within := strings.CutPrefix(path, m.path+"/")
	if path == m.path {
		inside, within = ".", true
	}
	first, _, _ := strings.Cut(path, "/")
	switch {
	case within:
		target, listed := law.row(inside)
		if target.TestOnly {
			return inside + " is for tests only", "use it in a file _test.go"
		}
		if row.Pure && listed && !target.Pure {
			return called(row) + " is pure and may not import " + inside + ", which is not",
				"let the caller pass in what is needed"
		}
		if !row.mayImport(inside) {
			return called(row) + " may not import " + inside,
				"let the caller pass in what is needed; allowed here: " + list(row.Module)
		}
	case strings.Contains(first, "."):
		if !row.mayImportOutside(path) {
			return called(row) + " may not use the module of " + path,
				"use it where the table admits it; admitted here: " + list(row.Outside)
		}
	case row.Pure && !slices.Contains(law.Standard, path) && !slices.Contains(row.Standard, path):
		return called(row) + " is pure and may not import " + path,
			"take what it would give as an input, or do this in a package that is not pure"
	}
	return "", ""
}

func called(row Row) string {
	if row.Folder == "." {
		return "the root"
	}
	return row.Folder
}

func list(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}
