// Package labtest runs scenarios in tests: those of protocols, which cannot run
// one without it being known whom they belong to, and those of judges.
//
// Only tests may import it.
package labtest
