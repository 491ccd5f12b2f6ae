package architecture

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// scan walks one file of a pure package.
type scan struct {
	module   *module
	law      Law
	row      Row
	fset     *token.FileSet
	info     *types.Info
	findings []Finding
}

func (s *scan) found(n ast.Node, text, instead string) {
	place := s.fset.Position(n.Pos())
	s.findings = append(s.findings, Finding{
		File: s.module.relative(place.Filename), Line: place.Line, Rule: Pure,
		Text: text, Instead: instead,
	})
}

// visit looks at one node; above are the nodes around it, outermost first.
func (s *scan) visit(n ast.Node, above []ast.Node) bool {
	switch n := n.(type) {
	case *ast.GoStmt:
		s.found(n, "go statement", "let the driver call; a step is one sequence")
	case *ast.SelectStmt:
		s.found(n, "select statement, which picks at random among what is ready",
			"let the driver choose, and hand the choice in as an event")
	case *ast.RangeStmt:
		if n.Tok == token.ASSIGN {
			s.visitWrite(n.Key)
			s.visitWrite(n.Value)
		}
		if isMap(s.info.TypeOf(n.X)) {
			s.found(n, "range over a map, whose order is random",
				"range over slices.Sorted(maps.Keys(m)); delete with maps.DeleteFunc, copy with maps.Clone")
		}
	case *ast.Ident:
		s.visitUse(n, above)
	case *ast.AssignStmt:
		if n.Tok != token.DEFINE {
			for _, target := range n.Lhs {
				s.visitWrite(target)
			}
		}
		s.visitProductAssigned(n)
	case *ast.IncDecStmt:
		s.visitWrite(n.X)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			s.visitWrite(n.X)
		}
	case *ast.CallExpr:
		s.visitBuiltin(n)
	case *ast.BinaryExpr:
		s.visitProduct(n, above)
	}
	return true
}

// visitUse looks at a name that stands for a function, method or variable.
func (s *scan) visitUse(name *ast.Ident, above []ast.Node) {
	object := s.info.Uses[name]
	if object == nil || object.Pkg() == nil {
		return
	}
	short, ok := banName(object)
	if !ok {
		return
	}
	full := object.Pkg().Path() + "." + short
	switch full {
	case "maps.Keys", "maps.Values", "maps.All":
		if !s.sortedAtOnce(above) {
			s.found(name, full+" outside slices.Sorted, in random order",
				"write slices.Sorted(maps.Keys(m)) and look the values up")
		}
	case "reflect.Value.MapKeys", "reflect.Value.MapRange", "reflect.Value.Seq", "reflect.Value.Seq2":
		if !s.row.Reflection {
			s.found(name, full+", in random order", "let protocols/state walk it")
		}
	}
	for _, ban := range s.law.Banned {
		if ban.Package == object.Pkg().Path() && ban.bans(short) {
			s.found(name, "use of "+full, ban.Instead)
		}
	}
}

// banName returns the name by which a Ban would know an object. It reports
// false for what no Ban is about: constants, types, fields, local variables.
func banName(object types.Object) (string, bool) {
	switch object := object.(type) {
	case *types.Func:
		receiver := object.Signature().Recv()
		if receiver == nil {
			return object.Name(), true
		}
		of := types.Unalias(receiver.Type())
		if pointer, ok := of.(*types.Pointer); ok {
			of = types.Unalias(pointer.Elem())
		}
		if named, ok := of.(*types.Named); ok {
			return named.Obj().Name() + "." + object.Name(), true
		}
		return "", false
	case *types.Var:
		return object.Name(), object.Parent() == object.Pkg().Scope()
	}
	return "", false
}

// sortedAtOnce tells whether the function of package maps whose name has these
// nodes above it is called, and the call is what slices.Sorted or a sister of
// it sorts.
func (s *scan) sortedAtOnce(above []ast.Node) bool {
	// From the name outward: maps.Keys, perhaps [M], its call, the sort's call.
	var outward []ast.Node
	for _, n := range slices.Backward(above) {
		if !isParenthesis(n) {
			outward = append(outward, n)
		}
	}
	at := 1
	for at < len(outward) && isInstance(outward[at]) {
		at++
	}
	if at+1 >= len(outward) {
		return false
	}
	inner, called := outward[at].(*ast.CallExpr)
	outer, handed := outward[at+1].(*ast.CallExpr)
	return called && handed &&
		ast.Unparen(inner.Fun) == outward[at-1] &&
		len(outer.Args) > 0 && ast.Unparen(outer.Args[0]) == ast.Expr(inner) &&
		s.sorts(outer.Fun)
}

func isParenthesis(n ast.Node) bool {
	_, ok := n.(*ast.ParenExpr)
	return ok
}

// isInstance tells whether a node may give a generic function its types.
func isInstance(n ast.Node) bool {
	switch n.(type) {
	case *ast.IndexExpr, *ast.IndexListExpr:
		return true
	}
	return false
}

// sorts tells whether an expression names slices.Sorted or a sister of it.
func (s *scan) sorts(function ast.Expr) bool {
	function = ast.Unparen(function)
	switch instance := function.(type) {
	case *ast.IndexExpr:
		function = instance.X
	case *ast.IndexListExpr:
		function = instance.X
	}
	selector, ok := function.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	object := s.info.Uses[selector.Sel]
	if object == nil || object.Pkg() == nil || object.Pkg().Path() != "slices" {
		return false
	}
	return slices.Contains([]string{"Sorted", "SortedFunc", "SortedStableFunc"}, object.Name())
}

// visitBuiltin looks at calls of predeclared functions.
func (s *scan) visitBuiltin(call *ast.CallExpr) {
	name, ok := ast.Unparen(call.Fun).(*ast.Ident)
	if !ok {
		return
	}
	if _, ok := s.info.Uses[name].(*types.Builtin); !ok {
		return
	}
	switch name.Name {
	case "print", "println":
		s.found(call, "use of "+name.Name, "return the text")
	case "delete", "clear", "copy":
		s.visitWrite(call.Args[0])
	}
}

// visitWrite looks at what is written to, or can be once its address is known.
func (s *scan) visitWrite(target ast.Expr) {
	for {
		switch e := target.(type) {
		case *ast.ParenExpr:
			target = e.X
		case *ast.StarExpr:
			target = e.X
		case *ast.IndexExpr:
			target = e.X
		case *ast.SliceExpr:
			target = e.X
		case *ast.SelectorExpr:
			if s.isPackageVariable(e.Sel) {
				s.foundWrite(e.Sel)
				return
			}
			target = e.X
		case *ast.Ident:
			if s.isPackageVariable(e) {
				s.foundWrite(e)
			}
			return
		default:
			return
		}
	}
}

func (s *scan) isPackageVariable(name *ast.Ident) bool {
	v, ok := s.info.Uses[name].(*types.Var)
	return ok && v.Pkg() != nil && v.Parent() == v.Pkg().Scope()
}

func (s *scan) foundWrite(name *ast.Ident) {
	s.found(name, "write to the package variable "+name.Name, "hold it in a value that the caller owns")
}

// isMap tells whether ranging over a value of this type walks a map. For a
// type parameter one map among its terms is enough.
func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	switch t := t.Underlying().(type) {
	case *types.Map:
		return true
	case *types.Union:
		for i := range t.Len() {
			if isMap(t.Term(i).Type()) {
				return true
			}
		}
	case *types.Interface: // of a type parameter, or of a constraint in it
		for i := range t.NumEmbeddeds() {
			if isMap(t.EmbeddedType(i)) {
				return true
			}
		}
	}
	return false
}
