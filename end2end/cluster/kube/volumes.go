package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"
	core "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/errors"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
)

const (
	provisioner   = "slipway.test/volumes"
	provisionedBy = "pv.kubernetes.io/provisioned-by"
	selectedNode  = "volume.kubernetes.io/selected-node"
)

// volumes gives each claim of its storage class a folder of the node, and
// takes it away with the claim. Local volumes, so that fsGroup works on them.
type volumes struct {
	client kubernetes.Interface
	folder string
}

func newVolumesCommand() *cobra.Command {
	var kubeconfig string
	v := volumes{}
	command := &cobra.Command{
		Use:          "volumes",
		SilenceUsage: true,
		RunE: func(command *cobra.Command, _ []string) error {
			config, err := clientcmd.BuildConfigFromFlags("", kubeconfig)
			if err != nil {
				return err
			}
			if v.client, err = kubernetes.NewForConfig(config); err != nil {
				return err
			}
			return v.run(command.Context())
		},
	}
	command.SetContext(context.Background())
	command.Flags().StringVar(&kubeconfig, "kubeconfig", "", "how to reach the API server")
	command.Flags().StringVar(&v.folder, "folder", "", "where the volumes' folders lie")
	return command
}

// run looks at everything whenever something changed.
func (v *volumes) run(ctx context.Context) error {
	factory := informers.NewSharedInformerFactory(v.client, 0)
	claims, given := factory.Core().V1().PersistentVolumeClaims(), factory.Core().V1().PersistentVolumes()
	bell := make(chan struct{}, 1)
	ring := func() {
		select {
		case bell <- struct{}{}:
		default:
		}
	}
	handler := cache.ResourceEventHandlerFuncs{
		AddFunc:    func(any) { ring() },
		UpdateFunc: func(any, any) { ring() },
		DeleteFunc: func(any) { ring() },
	}
	for _, informer := range []cache.SharedIndexInformer{claims.Informer(), given.Informer()} {
		if _, err := informer.AddEventHandler(handler); err != nil {
			return err
		}
	}
	factory.Start(ctx.Done())
	factory.WaitForCacheSync(ctx.Done())
	for {
		<-bell
		failed := false
		wanted, err := claims.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		for _, claim := range wanted {
			if err := v.give(ctx, claim, given.Lister().Get); err != nil {
				klog.ErrorS(err, "no volume for a claim", "namespace", claim.Namespace, "name", claim.Name)
				failed = true
			}
		}
		all, err := given.Lister().List(labels.Everything())
		if err != nil {
			return err
		}
		for _, volume := range all {
			if err := v.take(ctx, volume); err != nil {
				klog.ErrorS(err, "a released volume stays", "name", volume.Name)
				failed = true
			}
		}
		if failed {
			time.AfterFunc(time.Second, ring)
		}
	}
}

// give makes the volume of a claim whose pod has been given a node.
func (v *volumes) give(ctx context.Context, claim *core.PersistentVolumeClaim, known func(string) (*core.PersistentVolume, error)) error {
	class, node := claim.Spec.StorageClassName, claim.Annotations[selectedNode]
	name := "pvc-" + string(claim.UID)
	if class == nil || *class != "standard" || claim.Spec.VolumeName != "" || node == "" || claim.DeletionTimestamp != nil {
		return nil
	}
	if _, err := known(name); err == nil {
		return nil
	}
	path := filepath.Join(v.folder, name)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	if err := os.Chmod(path, 0o777); err != nil { // whatever the umask is
		return err
	}
	_, err := v.client.CoreV1().PersistentVolumes().Create(ctx, &core.PersistentVolume{
		ObjectMeta: meta.ObjectMeta{Name: name, Annotations: map[string]string{provisionedBy: provisioner}},
		Spec: core.PersistentVolumeSpec{
			StorageClassName:              *class,
			AccessModes:                   claim.Spec.AccessModes,
			Capacity:                      core.ResourceList{core.ResourceStorage: claim.Spec.Resources.Requests[core.ResourceStorage]},
			PersistentVolumeReclaimPolicy: core.PersistentVolumeReclaimDelete,
			PersistentVolumeSource:        core.PersistentVolumeSource{Local: &core.LocalVolumeSource{Path: path}},
			ClaimRef: &core.ObjectReference{
				APIVersion: "v1", Kind: "PersistentVolumeClaim", Namespace: claim.Namespace, Name: claim.Name, UID: claim.UID,
			},
			NodeAffinity: &core.VolumeNodeAffinity{Required: &core.NodeSelector{NodeSelectorTerms: []core.NodeSelectorTerm{{
				MatchExpressions: []core.NodeSelectorRequirement{{Key: core.LabelHostname, Operator: core.NodeSelectorOpIn, Values: []string{node}}},
			}}}},
		},
	}, meta.CreateOptions{})
	if err != nil && !errors.IsAlreadyExists(err) {
		return fmt.Errorf("volume %s: %w", name, err)
	}
	return nil
}

// take removes a volume whose claim is gone, and what was in it.
func (v *volumes) take(ctx context.Context, volume *core.PersistentVolume) error {
	if volume.Annotations[provisionedBy] != provisioner || volume.Status.Phase != core.VolumeReleased || volume.DeletionTimestamp != nil {
		return nil
	}
	if err := os.RemoveAll(filepath.Join(v.folder, volume.Name)); err != nil {
		return err
	}
	err := v.client.CoreV1().PersistentVolumes().Delete(ctx, volume.Name, meta.DeleteOptions{})
	if errors.IsNotFound(err) {
		return nil
	}
	return err
}
