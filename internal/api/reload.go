package api

import (
	"context"
	"net/http"

	"github.com/millrace-live/millrace/internal/problem"
)

// Reloaded says what a reload of the settings did.
type Reloaded struct {
	// Changed are the settings that were taken over, Restart those that
	// changed and take hold at the next start.
	Changed []string `json:"changed" doc:"The settings that were taken over."`
	Restart []string `json:"restart" doc:"Those that changed and take hold at the next start."`
}

// HandleReload lets those who run the server reload its settings.
func (a *API) HandleReload(reload func() (Reloaded, error)) { a.reload = reload }

func (a *API) reloadSettings(context.Context, *Nothing) (*Plain[Reloaded], error) {
	if a.reload == nil {
		return nil, notHere("this server has no config file")
	}
	done, err := a.reload()
	if err != nil {
		return nil, problem.New(http.StatusUnprocessableEntity, err.Error())
	}
	return &Plain[Reloaded]{done}, nil
}
