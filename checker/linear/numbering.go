package linear

import "encoding/binary"

// numbering gives vectors numbers, from 0, equal ones the same.
type numbering[T ~int | ~int32] struct {
	vectors [][]T
	index   map[string]int
}

// number returns a vector's number. The vector is kept: it must not change any more.
func (n *numbering[T]) number(vector []T) int {
	var name []byte
	for _, element := range vector {
		name = binary.AppendUvarint(name, uint64(element))
	}
	number, known := n.index[string(name)]
	if !known {
		if n.index == nil {
			n.index = map[string]int{}
		}
		number = len(n.vectors)
		n.vectors = append(n.vectors, vector)
		n.index[string(name)] = number
	}
	return number
}
