using HipaaFs.Cli.Output;

namespace HipaaFs.Cli.Control;

/// <summary>What the control socket can ask of a daemon. Failures are <see cref="CommandException"/>s, which go to the caller as they are.</summary>
internal interface IControlTarget
{
    /// <summary>How the mount is.</summary>
    MountStatus GetStatus();

    /// <summary>Makes everything written so far durable on this machine.</summary>
    Task SyncAsync(CancellationToken cancel);

    /// <summary>Uploads everything and detaches; with <paramref name="now"/> detaches at once and leaves what is staged.</summary>
    Task<UmountOutcome> UmountAsync(bool now, Action<ProgressUpdate> progress, CancellationToken cancel);

    /// <summary>Stops uploading and closes the volume, if nothing is mounted any more, so that a new mount can open it.</summary>
    Task HandOverAsync(CancellationToken cancel);
}
