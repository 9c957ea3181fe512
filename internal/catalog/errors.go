package catalog

import "fmt"

// NotFoundError says that there is no such object.
type NotFoundError struct{ Kind, ID string }

func (e *NotFoundError) Error() string { return fmt.Sprintf("there is no %s %s", e.Kind, e.ID) }

// ManagedError says that the config file declares an object, so that it can be
// changed nowhere else.
type ManagedError struct {
	Kind, Name string
	File       string // the config file, if known
}

func (e *ManagedError) Error() string {
	file := e.File
	if file == "" {
		file = "the config file"
	}
	return fmt.Sprintf("%s declares the %s %s: change it there", file, e.Kind, e.Name)
}

// FaultError says what is wrong with a field of an object.
type FaultError struct {
	Field  string // as the JSON of the object names it
	Reason string
}

func (e *FaultError) Error() string { return e.Field + ": " + e.Reason }

// ExistsError says that the name is taken.
type ExistsError struct{ Kind, Name string }

func (e *ExistsError) Error() string {
	return fmt.Sprintf("there is a %s %s already: change that one, or choose another name", e.Kind, e.Name)
}

// UnsupportedError says that this build can't carry out what a field asks for.
type UnsupportedError struct{ Field, Reason string }

func (e *UnsupportedError) Error() string { return e.Field + ": " + e.Reason }
