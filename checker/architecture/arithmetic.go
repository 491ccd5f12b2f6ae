package architecture

import (
	"go/ast"
	"go/token"
	"go/types"
)

// A compiler may compute x*y + z in one fused instruction, also when the
// product was computed by an earlier statement or in a function that it
// inlines; the processors that have the instruction then round once instead of
// twice. By the language specification only an explicit conversion of the
// product prevents it. So a floating-point product must be converted at once,
// or go where no sum can take it up: a comparison, a division, another product.

const roundProduct = "round it: float64(x * y)"

// visitProduct looks at a product within an expression.
func (s *scan) visitProduct(product *ast.BinaryExpr, above []ast.Node) {
	if product.Op != token.MUL || !s.isFloat(product) {
		return
	}
	at := len(above) - 1
	for at > 0 && isParenthesis(above[at]) {
		at--
	}
	switch outer := above[at].(type) {
	case *ast.BinaryExpr:
		if outer.Op != token.ADD && outer.Op != token.SUB {
			return
		}
	case *ast.CallExpr:
		if s.info.Types[outer.Fun].IsType() {
			return
		}
	}
	s.found(product, "floating-point product that may be fused with a sum", roundProduct)
}

// visitProductAssigned looks at x *= y.
func (s *scan) visitProductAssigned(n *ast.AssignStmt) {
	if n.Tok == token.MUL_ASSIGN && s.isFloat(n.Lhs[0]) {
		s.found(n, "floating-point product that may be fused with a sum", roundProduct)
	}
}

// isFloat tells whether an expression is computed in floating point at run
// time; constants are exact.
func (s *scan) isFloat(e ast.Expr) bool {
	known := s.info.Types[e]
	if known.Type == nil || known.Value != nil {
		return false
	}
	basic, ok := known.Type.Underlying().(*types.Basic)
	return ok && basic.Info()&(types.IsFloat|types.IsComplex) != 0
}
