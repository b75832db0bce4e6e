"""The W&B workspace of a study or of a whole project: built here, saved by whoever has an account."""

from typing import TYPE_CHECKING, Any

from faceswap_lab.config.schema import Study

if TYPE_CHECKING:
    from wandb_workspaces.workspaces import Section, Workspace

_STEP = "step"
_SWAP = ("swap_score_AB", "swap_score_BA", "swap_ssim_AB", "swap_ssim_BA", "swap_fitted_mae_AB", "swap_fitted_mae_BA")
_WHY = (
    *("grad_cosine", "code_twins_AB", "code_twins_BA", "code_cka", "code_probe"),
    *("saturated_A", "saturated_B", "preact_grad_A", "preact_grad_B"),
)
_MOST_RUNS = 200  # of a workspace's lines; W&B shows ten otherwise, and a study has more


def workspace(project: str, entity: str, study: Study | None, group: str | None = None) -> "Workspace":
    """Return a workspace in which runs are grouped by arm and drawn against training steps.

    Its sections: both losses, the swap's error, the previews, what the study declared as it is at the end (some
    metrics are taken only then), and the diagnostics. Without a group it shows all of the project's runs.
    """
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces.expr import Metric

    declared = (study.metric, *study.secondary) if study else _SWAP
    swap = tuple(dict.fromkeys((declared[0], *_SWAP)))
    return ws.Workspace(
        entity=entity,
        project=project,
        name=f"Study {study.name}" if study else "faceswap_lab",
        sections=[
            _curves("Losses", ("loss_A", "loss_B"), columns=2),
            _curves("Swap error on held-out faces", swap, columns=2),
            _gallery(),
            _bars("At the end", declared),
            _curves("Diagnostics", _WHY, columns=3, is_open=False),
        ],
        settings=ws.WorkspaceSettings(x_axis=_STEP, max_runs=_MOST_RUNS),
        runset_settings=ws.RunsetSettings(
            filters=[Metric("Group") == group] if group else [],
            groupby=[Metric("JobType")],
            pinned_columns=[f"summary:{name}" for name in swap[:2]],
        ),
    )


def _curves(name: str, metrics: tuple[str, ...], columns: int, is_open: bool = True) -> "Section":
    """Return a section with a panel per metric: a line per arm, the mean of its seeds, and a band of one deviation."""
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws

    panels: list[Any] = [  # of any kind, as Section has it
        wr.LinePlot(
            title=metric,
            x=_STEP,
            y=[metric],
            title_x="training step",
            groupby="JobType",
            groupby_aggfunc="mean",
            groupby_rangefunc="stddev",
            max_runs_to_show=_MOST_RUNS,
        )
        for metric in metrics
    ]
    layout = ws.SectionLayoutSettings(columns=columns, rows=-(-len(metrics) // columns))
    axis = ws.SectionPanelSettings(x_axis=_STEP)
    return ws.Section(name=name, panels=panels, is_open=is_open, layout_settings=layout, panel_settings=axis)


def _bars(name: str, metrics: tuple[str, ...]) -> "Section":
    """Return a section with a panel per metric of the results: a bar per arm."""
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws

    panels: list[Any] = [  # of any kind, as Section has it
        wr.BarPlot(
            title=metric, metrics=[metric], groupby="JobType", groupby_aggfunc="mean", groupby_rangefunc="stddev"
        )
        for metric in metrics
    ]
    return ws.Section(name=name, panels=panels, layout_settings=ws.SectionLayoutSettings(columns=3))


def _gallery() -> "Section":
    """Return the section of the previews; their captions say that the faces are synthetic."""
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws

    panel = wr.MediaBrowser(title="previews", media_keys=["preview"], num_columns=2, gallery_axis="step")
    layout = ws.SectionLayoutSettings(columns=1, rows=1)
    return ws.Section(name="Previews", panels=[panel], is_open=True, layout_settings=layout)
