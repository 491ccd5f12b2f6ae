package architecture

import (
	"slices"
	"strings"
)

// Law is what a module must keep to.
type Law struct {
	// Root holds the names that the module's root folder may hold. Dot-files,
	// and what .gitignore names there, are free.
	Root []string
	// Rows is the table of packages. A package without a row is a breach.
	Rows []Row
	// Standard holds the packages of the standard library that every pure
	// package may import.
	Standard []string
	// Banned holds what no pure package may use of the packages that it may
	// import.
	Banned []Ban

	FileLines         int // of any Go file
	FunctionLines     int // from the func line to its closing brace
	TestFunctionLines int
	MainLines         int // of main.go, without blank and comment lines
}

// Row tells what one package may import, in files that are no tests. A folder
// is given relative to the module's root, with slashes; "." is the root.
type Row struct {
	Folder string
	// Module holds the folders that it may import. "a/..." stands for a and
	// all below it, "..." for the whole module.
	Module []string
	// Outside holds the modules (or the packages) of others, with all below.
	Outside []string
	// Standard holds packages of the standard library that it may import
	// although it is pure. Packages that are not pure may import any.
	Standard []string
	// Pure packages give equal output for equal input on every machine.
	Pure bool
	// TestOnly packages may be imported by tests only.
	TestOnly bool
	// Reflection lets a pure package walk a map by reflection, which has no
	// order; it must sort what it gets.
	Reflection bool
}

// Ban forbids functions, methods and variables of one package.
type Ban struct {
	Package string
	// Names are what is banned, a method as Type.Method. If it is nil all is,
	// but for constants, types and what Allowed names.
	Names   []string
	Allowed []string
	Instead string
}

// bans tells whether the name is banned.
func (b Ban) bans(name string) bool {
	if b.Names == nil {
		return !slices.Contains(b.Allowed, name)
	}
	return slices.Contains(b.Names, name)
}

// row returns the row of a folder.
func (l Law) row(folder string) (Row, bool) {
	at := slices.IndexFunc(l.Rows, func(r Row) bool { return r.Folder == folder })
	if at < 0 {
		return Row{}, false
	}
	return l.Rows[at], true
}

// mayImport tells whether the row admits a folder of the module.
func (r Row) mayImport(folder string) bool {
	return slices.ContainsFunc(r.Module, func(pattern string) bool {
		above, tree := strings.CutSuffix(pattern, "...")
		if !tree {
			return folder == pattern
		}
		return above == "" || folder+"/" == above || strings.HasPrefix(folder, above)
	})
}

// mayImportOutside tells whether the row admits a package of another module.
func (r Row) mayImportOutside(path string) bool {
	return slices.ContainsFunc(r.Outside, func(module string) bool {
		return path == module || strings.HasPrefix(path, module+"/")
	})
}
