namespace HipaaFs.FaultFs.Tests.Faults;

/// <summary>One way in which a disk fails.</summary>
/// <param name="Files">Of which files changes fail, as <see cref="FaultFs.Faults.FaultRule.Pattern"/>.</param>
/// <param name="Step">Which change of them asked of the disk is the first to fail, counted from before the mount.</param>
/// <param name="Errno">What it fails with.</param>
/// <param name="Lasting">Whether all later changes fail too.</param>
internal readonly record struct DiskFailure(string Files, int Step, int Errno, bool Lasting)
{
    /// <inheritdoc/>
    public override string ToString() => $"step {Step}, errno {Errno} {(Lasting ? "from then on" : "once")}";
}
