package architecture

import (
	"fmt"
	"go/ast"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/tools/go/packages"
)

// checkPurity reports, from the types of all pure packages, what could make
// them differ from run to run or from machine to machine.
func checkPurity(m *module, law Law) ([]Finding, error) {
	var patterns []string
	for _, p := range m.packages {
		row, _ := law.row(p.name)
		compiled := func(f file) bool { return !f.test }
		if row.Pure && slices.ContainsFunc(p.files, compiled) {
			patterns = append(patterns, "./"+p.name)
		}
	}
	if len(patterns) == 0 {
		return nil, nil
	}
	loaded, err := packages.Load(&packages.Config{
		Mode: packages.NeedName | packages.NeedFiles | packages.NeedCompiledGoFiles |
			packages.NeedImports | packages.NeedTypes | packages.NeedTypesSizes |
			packages.NeedSyntax | packages.NeedTypesInfo,
		Dir: m.root,
		Env: append(os.Environ(), "GOWORK=off"),
	}, patterns...)
	if err != nil {
		return nil, fmt.Errorf("load the pure packages: %w", err)
	}
	var findings []Finding
	for _, p := range loaded {
		findings = append(findings, checkLoaded(m, law, p)...)
	}
	return findings, nil
}

// checkLoaded reports on one pure package.
func checkLoaded(m *module, law Law, p *packages.Package) []Finding {
	name, within := strings.CutPrefix(p.PkgPath, m.path+"/")
	row, listed := law.row(name)
	if !within || !listed {
		// The go command answers with what it was asked for, and its errors
		// with the package that they are about.
		panic(fmt.Sprintf("architecture: loaded %q without asking for it", p.PkgPath))
	}
	var findings []Finding
	placed := slices.ContainsFunc(p.Errors, func(e packages.Error) bool { return hasPlace(e.Pos) })
	for _, broken := range p.Errors {
		// The compiler, whom the go command asks first, says the same in one
		// message without a place of its own.
		if placed && !hasPlace(broken.Pos) {
			continue
		}
		file, line := errorPlace(m, name, broken.Pos)
		findings = append(findings, Finding{
			File: file, Line: line, Rule: Compiles,
			Text: strings.ReplaceAll(broken.Msg, "\n", " "), Instead: "mend it",
		})
	}
	for _, ignored := range p.IgnoredFiles {
		base := filepath.Base(ignored)
		if !strings.HasSuffix(base, ".go") || strings.HasSuffix(base, "_test.go") ||
			strings.HasPrefix(base, ".") || strings.HasPrefix(base, "_") {
			continue
		}
		findings = append(findings, Finding{
			File: m.relative(ignored), Rule: Pure, Text: "only some machines compile this file",
			Instead: "write one code for every machine",
		})
	}
	for _, syntax := range p.Syntax {
		s := scan{module: m, law: law, row: row, fset: p.Fset, info: p.TypesInfo}
		ast.PreorderStack(syntax, nil, s.visit)
		findings = append(findings, s.findings...)
	}
	return findings
}

// hasPlace tells whether a place that the go command gives is one.
func hasPlace(place string) bool { return place != "" && place != "-" }

// errorPlace reads a place "file:line:column"; without one, the package itself
// is the place.
func errorPlace(m *module, folder, place string) (string, int) {
	parts := strings.Split(place, ":")
	if !hasPlace(place) || len(parts) < 2 {
		return folder, 0
	}
	line, err := strconv.Atoi(parts[1])
	if err != nil {
		return folder, 0
	}
	name := parts[0]
	if !filepath.IsAbs(name) {
		name = filepath.Join(m.root, name)
	}
	return m.relative(name), line
}
