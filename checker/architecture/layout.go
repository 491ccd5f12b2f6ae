package architecture

import (
	"errors"
	"fmt"
	"go/ast"
	"go/scanner"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// checkRoot reports what the root folder holds beside what the law names.
func checkRoot(root string, law Law) ([]Finding, error) {
	entries, err := os.ReadDir(root)
	if err != nil {
		return nil, err
	}
	ignored, err := ignoredInRoot(root)
	if err != nil {
		return nil, err
	}
	var findings []Finding
	for _, entry := range entries {
		name := entry.Name()
		free := strings.HasPrefix(name, ".") || slices.Contains(law.Root, name) ||
			slices.ContainsFunc(ignored, func(pattern string) bool {
				hit, err := path.Match(pattern, name)
				return err == nil && hit
			})
		if !free {
			findings = append(findings, Finding{
				File: name, Rule: Layout, Text: "the root does not hold this",
				Instead: "put it into the folder whose duty it is, or ignore it if it is an output",
			})
		}
	}
	return findings, nil
}

// ignoredInRoot returns the patterns of .gitignore that are anchored to the
// root folder: the outputs that people make there.
func ignoredInRoot(root string) ([]string, error) {
	text, err := os.ReadFile(filepath.Join(root, ".gitignore"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	var patterns []string
	for line := range strings.Lines(string(text)) {
		if pattern, anchored := strings.CutPrefix(strings.TrimSpace(line), "/"); anchored {
			patterns = append(patterns, strings.TrimSuffix(pattern, "/"))
		}
	}
	return patterns, err
}

// checkPackages reports packages that have no place in the table or do not say
// what they are for.
func checkPackages(m *module, law Law) []Finding {
	var findings []Finding
	for _, p := range m.packages {
		if _, listed := law.row(p.name); !listed {
			findings = append(findings, Finding{
				File: p.name, Rule: Imports, Text: "the table has no row for this package",
				Instead: "put the code where the table has it, or give the package a row and say why",
			})
		}
		documented, tests := false, true
		for _, f := range p.files {
			if !f.test {
				tests = false
				documented = documented || (f.syntax != nil && f.syntax.Doc != nil)
			}
		}
		if !documented && !tests {
			findings = append(findings, Finding{
				File: p.name, Rule: Documentation, Text: "no comment documents this package",
				Instead: "write its doc.go: purpose, invariants, what it may not import",
			})
		}
	}
	return findings
}

// checkFiles reports what is wrong with single files, tests included.
func checkFiles(m *module, law Law) []Finding {
	var findings []Finding
	for _, p := range m.packages {
		for _, f := range p.files {
			findings = append(findings, checkFile(m, law, f)...)
		}
	}
	return findings
}

func checkFile(m *module, law Law, f file) []Finding {
	var findings []Finding
	found := func(line int, rule Rule, text, instead string) {
		findings = append(findings, Finding{
			File: f.name, Line: line, Rule: rule, Text: text, Instead: instead,
		})
	}
	if f.broken != nil {
		line, text := 1, f.broken.Error()
		if list, ok := errors.AsType[scanner.ErrorList](f.broken); ok && len(list) > 0 {
			line, text = list[0].Pos.Line, list[0].Msg
		}
		found(line, Compiles, "the parser gives up: "+text, "mend it")
	}
	if f.lines > law.FileLines {
		found(law.FileLines+1, Size, fmt.Sprintf("%d lines, %d are allowed", f.lines, law.FileLines),
			"split the file by what its parts do")
	}
	if f.name == "main.go" && f.code > law.MainLines {
		found(law.MainLines+1, Layout, fmt.Sprintf("%d lines of code, %d are allowed", f.code, law.MainLines),
			"move the work to tui/command")
	}
	if f.syntax == nil {
		return findings
	}
	for _, spec := range f.syntax.Imports {
		if spec.Name != nil && spec.Name.Name == "." {
			found(m.line(spec.Pos()), Style, "dot import of "+imported(spec), "name the package where it is used")
		}
	}
	for _, declaration := range f.syntax.Decls {
		if function, ok := declaration.(*ast.FuncDecl); ok {
			findings = append(findings, checkFunction(m, law, f, function)...)
		}
	}
	if f.test {
		for _, line := range sleeps(m, f.syntax) {
			found(line, Style, "a test sleeps", "wait for the event itself, or drive a clock of the test's own")
		}
	}
	return findings
}

func checkFunction(m *module, law Law, f file, function *ast.FuncDecl) []Finding {
	var findings []Finding
	first, last := m.line(function.Pos()), m.line(function.End())
	limit := law.FunctionLines
	if f.test {
		limit = law.TestFunctionLines
	}
	if long := last - first + 1; long > limit {
		findings = append(findings, Finding{
			File: f.name, Line: first, Rule: Size,
			Text:    fmt.Sprintf("%s has %d lines, %d are allowed", function.Name.Name, long, limit),
			Instead: "give each of its steps a function with a name",
		})
	}
	if function.Name.Name == "init" && function.Recv == nil {
		findings = append(findings, Finding{
			File: f.name, Line: first, Rule: Style, Text: "func init",
			Instead: "let the caller construct what it needs and pass it on",
		})
	}
	return findings
}

// sleeps returns the lines where a file uses time.Sleep. It goes by the
// import's name and needs no types, so that it can look into tests that are
// not compiled on this machine.
func sleeps(m *module, syntax *ast.File) []int {
	clock := ""
	for _, spec := range syntax.Imports {
		if imported(spec) == "time" {
			clock = "time"
			if spec.Name != nil {
				clock = spec.Name.Name
			}
		}
	}
	var lines []int
	ast.Inspect(syntax, func(n ast.Node) bool {
		selector, ok := n.(*ast.SelectorExpr)
		if !ok || selector.Sel.Name != "Sleep" {
			return true
		}
		if from, ok := selector.X.(*ast.Ident); ok && from.Name == clock {
			lines = append(lines, m.line(selector.Pos()))
		}
		return true
	})
	return lines
}
